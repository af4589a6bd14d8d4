import { isAlias, isMap, isPair, isScalar, isSeq } from "yaml";
import type { Document, LineCounter, Node, Pair } from "yaml";

export type Path = readonly PropertyKey[];

/** A problem at a line, counted from 1. */
export interface Problem {
  readonly line: number;
  readonly text: string;
}

/** Finds the line of a value in a YAML document by its path, as zod reports paths. */
export class YamlLines {
  readonly #document: Document;
  readonly #counter: LineCounter;

  constructor(document: Document, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  /** The line, from 1, of the key or list item at `path`; where the path leaves the document, of the last part it has. */
  lineOf(path: Path): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const part of path) {
      const child = this.#child(node, part);
      if (child === undefined) break;
      node = isPair(child) ? child.value : child;
      offset = startOf(isPair(child) ? child.key : child) ?? offset;
    }
    return this.#counter.linePos(offset).line;
  }

  #child(node: unknown, part: PropertyKey): Pair | Node | undefined {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (isSeq(target)) return target.items[Number(part)] as Node | undefined;
    if (!isMap(target)) return undefined;
    return target.items.find(
      (pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(part),
    );
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** `agents.assistant.tools[0]`; a key that is no plain name is quoted: `approvals["files__write*"]`. */
export function printPath(path: Path): string {
  return path
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      return /^[\w-]+$/.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(String(part))}]`;
    })
    .join("")
    .replace(/^\./, "");
}
