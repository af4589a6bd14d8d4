import { ByteAccumulator } from "./byte-accumulator.ts";
import type { Frame, FrameParser } from "./frame.ts";
import { frameOf, withoutByteOrderMark } from "./json-text.ts";

const NEWLINE = 0x0a;
const MAX_HEADER_BYTES = 8192;
/** The reason given when the server speaks the other framing. */
export const JSON_WITHOUT_HEADER = "JSON where a header was due";
/** A header's name, the end of a blank line, or a byte order mark. */
const MAY_BEGIN_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z\r\u00ef-]/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * `Content-Length: <bytes>`, blank line, that many bytes of JSON. A stream that once lost its place never finds it again,
 * so a malformed header is fatal: each header line is judged when its newline arrives, names are case-insensitive, there
 * is exactly one Content-Length, of 1 to 10 digits and within the cap, and a header block has at most 8 KiB. Lines may
 * end in a bare LF, and blank lines or a byte order mark before a header are skipped.
 */
export class ContentLengthParser implements FrameParser {
  readonly #maxBytes: number;
  readonly #bytes = new ByteAccumulator();
  #headerBytes = 0;
  #headers = 0;
  #contentLength: number | undefined;
  #inBody = false;
  #isBroken = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get owesBytes(): boolean {
    return !this.#isBroken && (this.#inBody || this.#headers > 0 || this.#bytes.length > 0);
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0 && !this.#isBroken) {
      rest = this.#inBody ? this.#takeBody(rest, frames) : this.#takeHeaderLine(rest, frames);
    }
    return frames;
  }

  end(): Frame[] {
    return [];
  }

  #takeHeaderLine(bytes: Uint8Array, frames: Frame[]): Uint8Array {
    const newline = bytes.indexOf(NEWLINE);
    const taken = newline === -1 ? bytes.length : newline + 1;
    this.#headerBytes += taken;
    if (this.#headerBytes > MAX_HEADER_BYTES) return this.#fail(`header over ${MAX_HEADER_BYTES} bytes`, frames);
    this.#bytes.append(bytes.subarray(0, newline === -1 ? taken : newline));
    if (newline !== -1) this.#finishHeaderLine(frames);
    else if (this.#bytes.length > 0 && !MAY_BEGIN_LINE.test(this.#bytes.view().toString("latin1", 0, 1))) {
      // Its newline, which would tell as well, may never come.
      this.#takeHeader(this.#bytes.view().toString("latin1"), frames);
    }
    return bytes.subarray(taken);
  }

  #finishHeaderLine(frames: Frame[]): void {
    const line = withoutByteOrderMark(this.#bytes.view()).toString("latin1").replace(/\r$/, "");
    this.#bytes.clear();
    if (line !== "") {
      this.#takeHeader(line, frames);
      return;
    }
    this.#headerBytes = 0;
    if (this.#headers === 0) return;
    this.#headers = 0;
    if (this.#contentLength === undefined) this.#fail("header without Content-Length", frames);
    else this.#beginBody(frames);
  }

  #takeHeader(line: string, frames: Frame[]): void {
    const header = HEADER_LINE.exec(line);
    if (header === null) {
      this.#fail(/^[{[]/.test(line) ? JSON_WITHOUT_HEADER : "malformed header line", frames);
      return;
    }
    this.#headers += 1;
    if (header[1]?.toLowerCase() !== "content-length") return;
    const value = header[2] ?? "";
    if (this.#contentLength !== undefined) this.#fail("more than one Content-Length", frames);
    else if (!/^\d{1,10}$/.test(value)) this.#fail("Content-Length is not a number of 1 to 10 digits", frames);
    else if (Number(value) > this.#maxBytes) this.#fail(`Content-Length over ${this.#maxBytes} bytes`, frames);
    else this.#contentLength = Number(value);
  }

  #beginBody(frames: Frame[]): void {
    this.#inBody = true;
    if (this.#contentLength === 0) this.#finishBody(frames);
  }

  #takeBody(bytes: Uint8Array, frames: Frame[]): Uint8Array {
    const missing = (this.#contentLength ?? 0) - this.#bytes.length;
    this.#bytes.append(bytes.subarray(0, missing));
    if (this.#bytes.length === this.#contentLength) this.#finishBody(frames);
    return bytes.subarray(missing);
  }

  #finishBody(frames: Frame[]): void {
    frames.push(frameOf(withoutByteOrderMark(this.#bytes.view())));
    this.#bytes.clear();
    this.#inBody = false;
    this.#contentLength = undefined;
  }

  #fail(reason: string, frames: Frame[]): Uint8Array {
    this.#isBroken = true;
    this.#bytes.clear();
    frames.push({ kind: "fatal", reason });
    return new Uint8Array(0);
  }
}
