/** Tries one attack, through the terminal or without it, and answers whether it succeeded. */
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { execute } from "../execute.ts";
import type { Outcome } from "../execution.ts";
import type { ToolIdentity } from "../launcher.ts";
import { modelText } from "../model-text.ts";
import { SEARCH_PATH } from "../pin.ts";
import type { Setup } from "../setup.ts";
import type { Attack, Sign } from "./attack.ts";
import type { Benign } from "./benign.ts";
import { Field } from "./field.ts";

const CAP_BYTES = 4_096;
const TIMEOUT_MS = 8_000;
/** Without the terminal nobody ends a command: it is looked at after this time. */
const UNGUARDED_MS = 1_500;
/** What a killed process or a datagram on its way may still take. */
const SETTLE_MS = 25;
const SETTLE_LOOKS = 20;
const CONTROLS = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u;

interface Result {
  readonly outcome: Outcome | "unguarded";
  readonly exitCode: number | null;
  readonly output: string;
  readonly keptBytes: number;
  readonly text: string;
  /** A process group that is still to be ended. */
  readonly group?: number | undefined;
}

export interface Trial {
  readonly hasSucceeded: boolean;
  /** For whoever wonders why. */
  readonly result: Result;
}

export async function tryWithTerminal(attack: Attack, setup: Setup): Promise<Trial> {
  return await inField(attack, setup.identity, (field) => runInTerminal(attack, setup, field));
}

/** Answers what was wrong with a piece of ordinary work; null where nothing was. */
export async function tryBenign(benign: Benign, setup: Setup): Promise<string | null> {
  const { id, command, prints = /(?:)/, exitCode = 0 } = benign;
  const work: Attack = { ...benign, id, command, sign: "runs", stoppedAt: [] };
  const { result } = await inField(work, setup.identity, (field) => runInTerminal(work, setup, field));
  const isAsExpected = result.outcome === "exited" && result.exitCode === exitCode && prints.test(result.output);
  return isAsExpected ? null : `${result.outcome} ${result.exitCode}: ${result.text}`;
}

async function runInTerminal(attack: Attack, setup: Setup, field: Field): Promise<Result> {
  const { command, cwd, limits, timeoutMs = TIMEOUT_MS, envAllow = [] } = attack;
  const words = typeof command === "string" ? { command: field.place(command) } : { argv: placed(field, command) };
  const request = cwd === undefined ? words : { ...words, cwd: field.place(cwd) };
  const hostEnvironment = { OTHERS_SECRET: field.secret, ...secretIn(envAllow, field.secret) };
  const policy = {
    ...setup.policy,
    outputCapBytes: CAP_BYTES,
    envAllow,
    limits: { ...setup.policy.limits, ...limits },
  };
  const ended = await execute({ request, root: field.root, timeoutMs }, { ...setup, hostEnvironment, policy });
  const { outcome, exitCode, stdout, stderr } = ended;
  return {
    outcome,
    exitCode,
    output: `${stdout.bytes.toString("latin1")}${stderr.bytes.toString("latin1")}`,
    keptBytes: stdout.bytes.length,
    text: modelText(ended, timeoutMs).text,
  };
}

/** As somebody would start it who never thought of attacks: with a shell for a line, and all variables. */
export async function tryUnguarded(attack: Attack, identity: ToolIdentity | null): Promise<Trial> {
  return await inField(attack, identity, async (field) => {
    const { command, cwd, envAllow = [] } = attack;
    const directory = cwd === undefined ? field.root : await directoryOf(field, cwd);
    const [file = "", ...args] =
      typeof command === "string" ? ["/bin/sh", "-c", field.place(command)] : placed(field, command);
    const variables = { PATH: SEARCH_PATH, HOME: field.root, OTHERS_SECRET: field.secret };
    const child = spawn(file, args, {
      cwd: directory,
      env: {
        ...secretIn(
          envAllow.filter((name) => name !== "PATH"),
          field.secret,
        ),
        ...variables,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...identity,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        if (output.length < 1 << 20) output += chunk.toString("latin1");
      });
    }
    const exited = new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(null));
      child.once("close", resolve);
      child.once("exit", (code) => setTimeout(resolve, SETTLE_MS * 4, code));
    });
    const exitCode = await Promise.race([
      exited,
      delay(attack.sign === "does" ? TIMEOUT_MS : UNGUARDED_MS, null, { ref: false }),
    ]);
    const result = { outcome: "unguarded" as const, exitCode, output, keptBytes: output.length };
    child.stdout.destroy();
    child.stderr.destroy();
    const trial = { ...result, text: Buffer.from(output, "latin1").toString("utf8") };
    // What is to outlive it is looked for first.
    const group = attack.sign === "outlives" ? child.pid : endGroup(child.pid);
    return { ...trial, group };
  });
}

async function inField(
  attack: Attack,
  identity: ToolIdentity | null,
  work: (field: Field) => Promise<Result>,
): Promise<Trial> {
  const field = await Field.prepare(attack, identity);
  let result: Result | undefined;
  try {
    result = await work(field);
    return { hasSucceeded: await SEEN[attack.sign](result, field), result };
  } finally {
    endGroup(result?.group);
    field.close();
  }
}

const SEEN: Readonly<Record<Sign, (result: Result, field: Field) => boolean | Promise<boolean>>> = {
  reads: ({ output }, field) => output.includes(field.secret) || field.hasSecretInside,
  writes: (_, field) => field.hasChangedOutside,
  connects: (_, field) => becomes(() => field.hasHeardOf),
  signals: (_, field) => becomes(() => field.hasLostOther),
  outlives: async (_, field) => !(await becomes(() => field.marked.length === 0)),
  does: ({ output }) => output.includes("DONE"),
  runs: ({ exitCode }) => exitCode === 0,
  disguises: ({ text }) => CONTROLS.test(text),
  floods: ({ keptBytes }) => keptBytes > CAP_BYTES,
  // Whoever is kept to a limit ends by it; whoever is not had to be stopped, or has filled the disk.
  hoards: ({ outcome, output }) =>
    outcome === "timed_out" || outcome === "unguarded" || output.includes("No space left"),
};

async function becomes(condition: () => boolean): Promise<boolean> {
  for (let looks = 0; looks < SETTLE_LOOKS && !condition(); looks += 1) await delay(SETTLE_MS);
  return condition();
}

const placed = (field: Field, words: readonly string[]): string[] => words.map((word) => field.place(word));

const secretIn = (names: readonly string[], secret: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, secret]));

async function directoryOf(field: Field, cwd: string): Promise<string> {
  const path = field.place(cwd);
  return path.startsWith("/") ? path : `${field.root}/${path}`;
}

function endGroup(pid: number | undefined): undefined {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Ended by itself.
  }
}
