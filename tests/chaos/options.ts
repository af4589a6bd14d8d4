import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { allCells, type Cell, idOf, QUICK } from "./cells.ts";

export interface Options {
  /** Of the first schedule; each further one has the next number. */
  readonly seed: number;
  /** Schedules in a row. */
  readonly seeds: number;
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly lanes: number;
  /** Every cell: the page in docs/ is written. */
  readonly isFull: boolean;
  readonly jsonPath: string | undefined;
  /** Random kills under load instead of the matrix. */
  readonly storm: { readonly seconds: number; readonly conversations: number; readonly turns: number } | undefined;
}

export const USAGE = `pnpm chaos [--seed N] [--seeds N] [--cell killed/moment/conversations]… [--quick] [--rounds N] [--lanes N] [--json file]
pnpm chaos --storm [--seconds N] [--conversations N] [--turns N] [--seed N]`;

/** Throws TypeError with what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      cell: { type: "string", multiple: true },
      quick: { type: "boolean" },
      rounds: { type: "string" },
      lanes: { type: "string" },
      json: { type: "string" },
      storm: { type: "boolean" },
      seconds: { type: "string" },
      conversations: { type: "string" },
      turns: { type: "string" },
    },
  });
  const isFull = !values.quick && values.cell === undefined && !values.storm;
  const storm = {
    seconds: whole("seconds", values.seconds, 120),
    conversations: whole("conversations", values.conversations, 200),
    turns: whole("turns", values.turns, 5),
  };
  return {
    seed: whole("seed", values.seed, randomInt(1, 1_000_000)),
    seeds: whole("seeds", values.seeds, 1),
    cells: values.quick ? QUICK : cellsNamed(values.cell),
    rounds: whole("rounds", values.rounds, values.quick ? 1 : 3),
    lanes: whole("lanes", values.lanes, 2),
    isFull,
    jsonPath: values.json,
    storm: values.storm ? storm : undefined,
  };
}

/** `worker/mid-tokens/1`; parts may be left out: `worker`, `worker/mid-tokens`, or be `*`. */
function cellsNamed(names: readonly string[] | undefined): Cell[] {
  if (names === undefined) return allCells();
  const cells = names.flatMap((name) => {
    const parts = name.split("/");
    const found = allCells().filter((cell) =>
      idOf(cell)
        .split("/")
        .every((part, index) => [undefined, "*", part].includes(parts[index])),
    );
    if (found.length === 0) throw new TypeError(`no cell is named ${name}`);
    return found;
  });
  return cells;
}

function whole(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new TypeError(`--${name} must be a whole number of at least 1`);
  return Number(text);
}
