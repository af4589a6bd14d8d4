/** Running the machine's own programs: where they are, and what they say. */
import { execFile, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);
const MAX_BYTES = 16 * 1024 * 1024;

export function which(name: string, path = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a command prints, undefined when it fails or is missing. For quick questions only: it blocks. */
export function answerOf(command: string, args: readonly string[], timeoutMs = 5000): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: timeoutMs });
  return status === 0 ? stdout : undefined;
}

/** A command ended badly. The message is one line for a list of what was tried; `output` is all it said. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly output: string;

  constructor(command: string, output: string, cause: unknown) {
    const lastLine = output.trim().split("\n").at(-1) || (cause instanceof Error ? cause.message : "it did not run");
    super(`${command} failed: ${lastLine}`, { cause });
    this.output = output;
  }
}

/** Runs a command to its end and answers what it printed. Throws CommandFailed. */
export async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  try {
    const { stdout } = await exec(command, args, { env, maxBuffer: MAX_BYTES, ...(cwd === undefined ? {} : { cwd }) });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new CommandFailed(`${command} ${args.at(0) ?? ""}`.trim(), `${stdout}${stderr}`, error);
  }
}
