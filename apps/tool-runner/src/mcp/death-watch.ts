import { hasExited, type ServerProcess } from "./process-group.ts";

/*
 * A server is dead when its process has exited or its stdout has ended, whichever is seen first. What it said last may still
 * lie in the pipes then: its last answer in stdout, the reason of its death in stderr. So both are heard to their end, but a
 * grandchild that holds them open delays no more than DRAIN_MS while it is silent, and LONGEST_DRAIN_MS while it talks.
 */
const DRAIN_MS = 250;
const LONGEST_DRAIN_MS = 2500;
/** The end of stdout is usually the first sign of an exit, whose code is worth waiting for. */
const EXIT_AFTER_END_MS = 100;

/** How a server died whose exit is not known yet, or which lives on without a voice. */
export const CLOSED_OUTPUT = "closed its output";

/** Calls `onDeath` once, with how it died: the end of a sentence that begins with "it". */
export function watchDeath(child: ServerProcess, onDeath: (how: string) => void): void {
  let heardChunks = 0;
  const openPipes = new Set([child.stdout, child.stderr]);
  const tell = () => onDeath(describeExit(child));
  const drain = (leftMs: number) => {
    const heard = heardChunks;
    setTimeout(() => {
      if (heardChunks === heard || leftMs <= DRAIN_MS) tell();
      else drain(leftMs - DRAIN_MS);
    }, DRAIN_MS).unref();
  };
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on("data", () => void (heardChunks += 1));
    pipe.once("end", () => {
      openPipes.delete(pipe);
      if (hasExited(child) && openPipes.size === 0) tell();
      else if (pipe === child.stdout && !hasExited(child)) {
        setTimeout(() => !hasExited(child) && onDeath(CLOSED_OUTPUT), EXIT_AFTER_END_MS).unref();
      }
    });
  }
  child.once("exit", () => {
    if (openPipes.size === 0) tell();
    else drain(LONGEST_DRAIN_MS);
  });
}

export function describeExit({ exitCode, signalCode }: ServerProcess): string {
  return signalCode === null ? `exited with code ${exitCode}` : `was killed by ${signalCode}`;
}
