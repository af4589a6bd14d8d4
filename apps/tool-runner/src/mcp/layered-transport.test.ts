import { Client, type JSONRPCMessage, type Transport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "@jest/globals";
import { LayeredTransport, type Layer, type WireMessage } from "./layered-transport.ts";
import { localFaultOf } from "./local-error.ts";

type Answer = (message: JSONRPCMessage, transport: ScriptedTransport) => void;

/** A transport whose far end is a function. */
class ScriptedTransport implements Transport {
  onclose?: () => void;
  onmessage?: NonNullable<Transport["onmessage"]>;
  readonly sent: unknown[] = [];
  readonly hasPerRequestStream = true;
  onRequestStreamEnd: (() => void) | undefined;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.();
  }

  async send(message: JSONRPCMessage, options?: { onRequestStreamEnd?: (() => void) | undefined }): Promise<void> {
    this.sent.push(message);
    this.onRequestStreamEnd = options?.onRequestStreamEnd;
    this.#answer(message, this);
  }
}

const handshake = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "scripted", version: "1" },
};

/** Answers the handshake, and tool calls by `onCall`. */
function server(onCall: (id: string | number, transport: ScriptedTransport) => void): ScriptedTransport {
  return new ScriptedTransport((message, transport) => {
    if (!("method" in message) || !("id" in message)) return;
    const { id } = message;
    if (message.method === "initialize") transport.onmessage?.({ jsonrpc: "2.0", id, result: handshake });
    if (message.method === "tools/call") onCall(id, transport);
  });
}

async function connect(inner: ScriptedTransport, layers: readonly Layer[] = []): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new LayeredTransport(inner, layers));
  return client;
}

describe("a layered transport", () => {
  it("hands over the progress that came right before a response", async () => {
    const inner = server((id, transport) => {
      const params = { progressToken: id, progress: 1 };
      transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/progress", params });
      transport.onmessage?.({ jsonrpc: "2.0", id, result: { content: [] } });
    });
    const client = await connect(inner);
    const progress: number[] = [];
    await client.callTool({ name: "a" }, { onprogress: (event) => progress.push(event.progress) });
    expect(progress).toEqual([1]);
  });

  it("hands over the response that came right before the end of the connection", async () => {
    const inner = server((id, transport) => {
      transport.onmessage?.({ jsonrpc: "2.0", id, result: { content: [] } });
      transport.onclose?.();
    });
    const client = await connect(inner);
    expect(await client.callTool({ name: "a" })).toMatchObject({ content: [] });
  });

  it("ends a request whose response stream ended without a response, as lost", async () => {
    const client = await connect(server((_id, transport) => transport.onRequestStreamEnd?.()));
    const error: { code: number; data: unknown } = await client.callTool({ name: "a" }).catch((thrown) => thrown);
    expect(localFaultOf(error.data)).toBe("connection_lost");
  });

  it("passes what is sent through the layers in order, and what is received in the reverse", async () => {
    const mark = (name: string): Layer => {
      const leaveMark = (message: WireMessage) => ({ ...message, trail: [message["trail"] ?? [], name].flat() });
      return { outgoing: leaveMark, incoming: leaveMark };
    };
    const inner = new ScriptedTransport(() => undefined);
    const transport = new LayeredTransport(inner, [mark("a"), mark("b")]);
    const received: unknown[] = [];
    Object.assign(transport, { onmessage: (message: unknown) => received.push(message) });
    await transport.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    inner.onmessage?.({ jsonrpc: "2.0", method: "notifications/progress" });
    expect(inner.sent).toMatchObject([{ trail: ["a", "b"] }]);
    expect(received).toMatchObject([{ trail: ["b", "a"] }]);
  });

  it("drops what a layer drops, in both directions", async () => {
    const inner = new ScriptedTransport(() => undefined);
    const transport = new LayeredTransport(inner, [{ outgoing: () => undefined, incoming: () => undefined }]);
    const received: unknown[] = [];
    Object.assign(transport, { onmessage: (message: unknown) => received.push(message) });
    await transport.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    inner.onmessage?.({ jsonrpc: "2.0", method: "notifications/progress" });
    expect([...inner.sent, ...received]).toEqual([]);
  });
});
