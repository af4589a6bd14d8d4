import { Histogram } from "../measure/histogram.ts";

/** What all answers of a run have in common: how long tokens were under way, and between which moments they came. */
export class Recorder {
  /** Microseconds from the model's write to the client's read, of every token. */
  readonly latencies = new Histogram();
  /** Microseconds from the request to the first token, of every answer. */
  readonly firstTokens = new Histogram();
  /** Microseconds until a message was accepted. */
  readonly posts = new Histogram();
  /** Streams that were opened again because the connection had gone. */
  reconnects = 0;
  tokens = 0;
  lastTokenUs = 0;
}
