/**
 * Decides about one request, without starting anything. The order is part of the behaviour: words, name, tier, directory;
 * the first objection is the answer.
 */
import { resolveCwd } from "./cwd.ts";
import { type Denial, deny, isDenial } from "./deny.ts";
import { launchesOthers } from "./launches-others.ts";
import type { ToolLimits } from "./limits.ts";
import type { Pin, PinnedCommands } from "./pin.ts";
import { readRequest } from "./request.ts";
import { isAtLeast, type Tier } from "./tier.ts";

export interface TerminalPolicy {
  /** Names of commands. */
  readonly allow: readonly string[];
  readonly timeoutMs: number;
  /** Per stream, on raw bytes. */
  readonly outputCapBytes: number;
  /** Names of variables that are passed on from the runner's environment. */
  readonly envAllow: readonly string[];
  readonly limits: ToolLimits;
}

export interface Approved {
  readonly pin: Pin;
  readonly args: readonly string[];
  /** Canonical. */
  readonly cwd: string;
}

export interface PolicyContext {
  readonly pins: PinnedCommands;
  readonly tier: Tier;
  /** Canonical path of the workspace. */
  readonly root: string;
}

export function decide(input: unknown, { pins, tier, root }: PolicyContext): Approved | Denial {
  const request = readRequest(input);
  if (isDenial(request)) return request;
  const [name, ...args] = request.argv;
  const pin = pins.find(name);
  if (isDenial(pin)) return pin;
  if (!isAtLeast(tier, "T2") && launchesOthers(pin, request.argv)) {
    return deny("tier_unavailable", "the command can start other programs, and the sandbox here would not hold those");
  }
  const directory = resolveCwd(root, request.cwd);
  return isDenial(directory) ? directory : { pin, args, cwd: directory.cwd };
}
