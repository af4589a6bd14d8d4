import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * Lua scripts are files named <verb>-<number of keys>.lua; a line `-- @include <name>` is replaced by
 * include/<name>.lua. A script sees one slot only (protocol §2.5), but for one whose number of keys is n: it is for one server.
 * A Redis that is full refuses a script with a shebang before its first command, and of one without it single commands in the
 * middle. Those that only look, or make room, say so in a shebang of their own and may go on.
 */
export const SCRIPT_NAMES = [
  "accept-7",
  "agent-state-2",
  "announce-1",
  "announced-1",
  "append-notice-3",
  "append-3",
  "append-together-n",
  "ask-4",
  "begin-step-4",
  "bury-2",
  "cancel-6",
  "cancels-obeyed-1",
  "claim-4",
  "close-questions-4",
  "control-2",
  "create-2",
  "decide-4",
  "delete-8",
  "enlist-1",
  "finish-6",
  "finish-call-2",
  "forget-consumer-1",
  "keep-1",
  "known-3",
  "lineage-1",
  "look-1",
  "offer-1",
  "offers-1",
  "park-4",
  "put-question-2",
  "put-back-1",
  "raise-epoch-2",
  "redrive-6",
  "release-2",
  "rest-7",
  "settle-entry-1",
  "snapshot-6",
  "start-call-1",
  "take-due-1",
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly source: string;
  readonly sha1: string;
  /** Undefined for any number. */
  readonly numberOfKeys: number | undefined;
  /** It writes a log, so its text names the server's lineage: it can only be called with `bind`. */
  readonly isBound: boolean;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const sha1Of = (source: string): string => createHash("sha1").update(source).digest("hex");

function load(name: ScriptName): Script {
  const body = include(read(`./${name}.lua`));
  const source = body.startsWith("#!lua") ? body : `#!lua\n${body}`;
  return {
    name,
    source,
    sha1: sha1Of(source),
    numberOfKeys: Number(/\d+$/.exec(name)?.[0] ?? Number.NaN) || undefined,
    isBound: /\b(LINEAGE|PUBLISH)\b/.test(source),
  };
}

function include(source: string): string {
  return source.replaceAll(/^-- @include ([a-z-]+)$/gm, (_line, part: string) =>
    include(read(`./include/${part}.lua`)),
  );
}

/**
 * The script as it may run on one server only: a text of its own, which no other server has until somebody who knows that
 * server's lineage loads it there. A call that is sent on to another server is so refused by NOSCRIPT, at no cost per call.
 */
export function bind(script: Script, lineage: string, publish: "PUBLISH" | "SPUBLISH"): Script {
  if (!/^[\w.:-]+$/.test(lineage)) throw new TypeError("a lineage is a name");
  const [shebang = "", ...lines] = script.source.split("\n");
  const source = [shebang, `local LINEAGE, PUBLISH = '${lineage}', '${publish}'`, ...lines].join("\n");
  return { ...script, source, sha1: sha1Of(source) };
}

export const scripts: ReadonlyMap<ScriptName, Script> = new Map(SCRIPT_NAMES.map((name) => [name, load(name)]));
