import type { LogLine } from "@holdfast/bus";

/**
 * Bytes of an event stream, made once and shared by every connection that gets them (protocol §5.2).
 *
 * They are written straight to the socket, so a group of frames carries its own HTTP chunk: one Buffer, one write. Chunk
 * sizes count bytes of UTF-8, not characters. A client of HTTP/1.0 gets the same bytes without the chunk.
 */
export class Frames {
  readonly #text: string;
  #body: Buffer | undefined;
  #chunk: Buffer | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  static ofLines(lines: readonly LogLine[]): Frames {
    let text = "";
    for (const line of lines) text += frameText(line.id, line.payload);
    return new Frames(text);
  }

  get body(): Buffer {
    this.#body ??= Buffer.from(this.#text, "utf8");
    return this.#body;
  }

  get chunk(): Buffer {
    this.#chunk ??= chunkOf(this.#text);
    return this.#chunk;
  }
}

/** One event. A raw line break in JSON text can only be white space between tokens, and would end the `data:` line. */
export function frameText(id: string, payload: string): string {
  const data = payload.includes("\n") || payload.includes("\r") ? payload.replaceAll(/[\r\n]+/g, " ") : payload;
  return `id: ${id}\ndata: ${data}\n\n`;
}

function chunkOf(text: string): Buffer {
  const size = Buffer.byteLength(text, "utf8");
  const head = `${size.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(head.length + size + 2);
  chunk.write(head, 0, "latin1");
  chunk.write(text, head.length, "utf8");
  chunk.write("\r\n", head.length + size, "latin1");
  return chunk;
}
