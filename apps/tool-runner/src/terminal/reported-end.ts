/**
 * How a tool ended, told by its parent in the sandbox (landlock-stage.ts): `exit 137` is a program that exits with 137, and
 * `signal 9` one that was killed. Where nothing was told, the parent did not live to tell it: an end that is seen as 128 and a
 * signal's number is then that signal.
 */
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { Exit } from "./run-process.ts";

const REPORT = /^(exit|signal) (\d{1,3})$/;
const OFFSET = 128;
/** Nobody but the parent has the other side, and it says no more than this. */
const LONGEST = 16;

/** Answers what makes the tool's end of the end that is seen. */
export function readReport(stream: Readable): (seen: Exit) => Exit {
  let text = "";
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => {
    if (text.length < LONGEST) text += chunk.toString("latin1");
  });
  return (seen) => {
    stream.destroy();
    const [, kind, number] = REPORT.exec(text) ?? [];
    if (kind === "signal") return killedBy(Number(number));
    if (kind === "exit") return { exitCode: Number(number), signal: null };
    return seen.exitCode !== null && seen.exitCode > OFFSET ? killedBy(seen.exitCode - OFFSET) : seen;
  };
}

function killedBy(number: number): Exit {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  // Those without a name of their own are of the real-time kind.
  const signal = names.find(([, value]) => value === number)?.[0] ?? (`SIGRT${number}` as NodeJS.Signals);
  return { exitCode: null, signal };
}
