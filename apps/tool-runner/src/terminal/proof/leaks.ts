/**
 * What many commands in a row leave behind in the process that runs them: open descriptors, child processes (zombies among
 * them), processes of tools, files in its temporary directories, timers. They end well, fail, are not there, print too much, are
 * cut short, and leave others running.
 */
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execute } from "../execute.ts";
import { ownMark } from "../process-mark.ts";
import type { Setup } from "../setup.ts";
import { isAtLeast } from "../tier.ts";

const AT_ONCE = 8;
const TIMEOUT_MS = 20_000;
const SETTLE_MS = 50;
const SETTLE_LOOKS = 100;

interface Piece {
  readonly argv: readonly string[];
  readonly timeoutMs?: number;
}

/** Of every hundred; what is not named is `echo`. */
const MIX: Readonly<Record<number, Piece>> = {
  10: { argv: ["cat", "missing"] },
  20: { argv: ["false"] },
  30: { argv: ["hostid"] },
  40: { argv: ["head", "-c", "200000", "/dev/zero"] },
  50: { argv: ["sleep", "60"], timeoutMs: 30 },
  60: { argv: ["mktemp"] },
};
const LAUNCHING: Readonly<Record<number, Piece>> = {
  70: { argv: ["sh", "-c", "sleep 60 & echo x"] },
  80: { argv: ["sh", "-c", "mkdir -p $HOME/a/b; touch $HOME/a/b/c; chmod 0 $HOME/a; kill -9 $$"] },
};

/** Answers what was there after `count` commands and not before, by its kind; empty where nothing was. */
export async function leaksOf(count: number, setup: Setup): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "holdfast-leaks-"));
  if (setup.identity) chownSync(root, setup.identity.uid, setup.identity.gid);
  const mix = isAtLeast(setup.launcher.tier, "T2") ? { ...MIX, ...LAUNCHING } : MIX;
  const run = async (from: number, to: number): Promise<void> => {
    let next = from;
    const worker = async (): Promise<void> => {
      while (next < to) {
        const { argv, timeoutMs = TIMEOUT_MS } = mix[next++ % 100] ?? { argv: ["echo", "hello"] };
        await execute({ request: { argv }, root, timeoutMs }, setup);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  try {
    // What is made once, at the first commands, is no leak.
    await run(0, 100);
    const before = footprint();
    await run(0, count);
    for (let looks = 0; looks < SETTLE_LOOKS && differences(before).length > 0; looks += 1) await delay(SETTLE_MS);
    return differences(before);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

type Footprint = Readonly<Record<string, readonly string[]>>;

function differences(before: Footprint): string[] {
  return Object.entries(footprint()).flatMap(([kind, now]) => {
    const had = before[kind] ?? [];
    // A descriptor's number may be another's now; how many there are tells.
    return now.length > had.length
      ? [`${kind}: ${now.length - had.length} more (${now.slice(0, 5).join(", ")} …)`]
      : [];
  });
}

function footprint(): Footprint {
  const bases = readdirSync(tmpdir()).filter((name) => name.startsWith(`holdfast-homes-${ownMark()}`));
  const paths = bases.map((name) => join(tmpdir(), name));
  return {
    descriptors: readdirSync("/proc/self/fd"),
    children: childProcesses(),
    processes: processesWithHomeBelow(paths),
    files: paths.flatMap((path) => readdirSync(path, { recursive: true, encoding: "utf8" })),
    timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout"),
  };
}

function childProcesses(): string[] {
  return readdirSync("/proc/self/task").flatMap((task) => {
    const children = read(`/proc/self/task/${task}/children`).trim();
    return children === "" ? [] : children.split(" ");
  });
}

function processesWithHomeBelow(paths: readonly string[]): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    const variables = read(`/proc/${pid}/environ`);
    return paths.some((path) => variables.includes(`HOME=${path}/`));
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Ended meanwhile, or somebody else's.
    return "";
  }
}
