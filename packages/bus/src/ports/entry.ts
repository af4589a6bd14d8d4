/** W3C Trace Context carried in a stream entry beside `id` and `payload` (protocol §2.1). */
export interface TraceContext {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** Where a message was read from a work topic, which may be long acknowledged. */
export interface QueueSource {
  readonly entryId: string;
  /** How often a worker read it; being taken over from a dead one is not counted. */
  readonly deliveries: number;
}

/** One entry of a work topic as it was read. `id` and `payload` are as received: validating them is the reader's work. */
export interface Entry {
  readonly topic: string;
  /** Redis entry id. */
  readonly entryId: string;
  /** The field `id`; empty when the producer left it out. */
  readonly id: string;
  /** The field `payload`; empty when the producer left it out. */
  readonly payload: string;
  readonly trace: TraceContext;
  /**
   * Set when it was taken over, so its work may have begun: the consumer it was pending to, which died or seemed to; our own
   * name where it became ours without our having heard.
   */
  readonly reclaimedFrom?: string;
}

/** One event of a conversation's log, the payload still as JSON text: relays pass the bytes on unparsed. */
export interface LogLine {
  /** `<epoch>-<seq>` */
  readonly id: string;
  readonly payload: string;
}
