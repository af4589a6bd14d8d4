import type { JSONRPCMessage, MessageExtraInfo, Transport, TransportSendOptions } from "@modelcontextprotocol/client";
import { localError } from "./local-error.ts";

/** A JSON object in either direction, before anyone has checked its shape. */
export type WireMessage = Readonly<Record<string, unknown>>;

/** Rewrites messages between the SDK and a transport; undefined drops one. The state of a layer lasts one connection. */
export interface Layer {
  outgoing(message: WireMessage): WireMessage | undefined;
  incoming(message: WireMessage): WireMessage | undefined;
}

/**
 * Any transport with layers around it, the first nearest to the SDK. A response stream that ends without its response
 * (Streamable HTTP) is answered by a local fault, or its request would wait for its timeout.
 */
export class LayeredTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport["onmessage"]>;
  protected readonly inner: Transport;
  readonly #layers: readonly Layer[];

  constructor(inner: Transport, layers: readonly Layer[]) {
    this.inner = inner;
    this.#layers = layers;
    Object.assign<Transport, Pick<Transport, "onclose" | "onerror" | "onmessage">>(inner, {
      onclose: () => queueMicrotask(() => this.onclose?.()),
      onerror: (error) => this.onerror?.(error),
      onmessage: (message, extra) => this.#receive(message, extra),
    });
  }

  get sessionId(): string | undefined {
    return this.inner.sessionId;
  }

  get hasPerRequestStream(): boolean {
    return this.inner.hasPerRequestStream === true;
  }

  setProtocolVersion(version: string): void {
    this.inner.setProtocolVersion?.(version);
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.inner.setSupportedProtocolVersions?.(versions);
  }

  start(): Promise<void> {
    return this.inner.start();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    let rewritten: WireMessage | undefined = { ...message };
    for (const layer of this.#layers) rewritten = rewritten && layer.outgoing(rewritten);
    if (rewritten === undefined) return;
    await this.inner.send(rewritten as unknown as JSONRPCMessage, this.#watchingStream(message, options));
  }

  #watchingStream(message: JSONRPCMessage, options?: TransportSendOptions): TransportSendOptions | undefined {
    if (!this.hasPerRequestStream || !("method" in message) || !("id" in message)) return options;
    const { id } = message;
    const onRequestStreamEnd = () => {
      options?.onRequestStreamEnd?.();
      // A request that was answered is no longer known to the SDK, which then ignores this.
      this.onmessage?.(localError(id, "connection_lost", "the response stream ended without a response"));
    };
    return { ...options, onRequestStreamEnd };
  }

  #receive(received: unknown, extra?: MessageExtraInfo): void {
    if (typeof received !== "object" || received === null) return;
    let rewritten: WireMessage | undefined = { ...received };
    for (const layer of this.#layers.toReversed()) rewritten = rewritten && layer.incoming(rewritten);
    if (rewritten === undefined) return;
    const message = rewritten as unknown as JSONRPCMessage;
    // The SDK hands a notification to its handler one microtask late, but a response at once: a response waits as long,
    // and so does the end of the connection, or the progress just before a response would be lost.
    if ("method" in message) this.onmessage?.(message, extra);
    else queueMicrotask(() => this.onmessage?.(message, extra));
  }
}

/** The same over a child process: the SDK tells stdio from HTTP by these two properties. */
export class LayeredStdioTransport extends LayeredTransport {
  readonly stderr = null;

  get pid(): number | null {
    return (this.inner as { pid?: number | null }).pid ?? null;
  }
}
