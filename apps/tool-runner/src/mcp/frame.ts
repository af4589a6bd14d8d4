export type Frame =
  /** One JSON value: an object, or an array (a batch). Its shape is not checked here. */
  | { readonly kind: "message"; readonly value: object }
  /** Bytes that are no message: log lines, prompts, broken JSON. `sample` is at most 200 characters. */
  | { readonly kind: "noise"; readonly bytes: number; readonly sample: string }
  /** A message over the cap, skipped. `id` is the request it answers, where that could be read. */
  | { readonly kind: "oversize"; readonly bytes: number; readonly id?: number }
  /** The stream cannot be understood any further; everything after it is ignored. */
  | { readonly kind: "fatal"; readonly reason: string };

export interface FrameParser {
  push(chunk: Uint8Array): Frame[];
  /** The stream ended: what was left without its delimiter. */
  end(): Frame[];
  /** True while a frame has begun whose end is owed, so that silence is a fault. Lines owe nothing. */
  readonly owesBytes: boolean;
}
