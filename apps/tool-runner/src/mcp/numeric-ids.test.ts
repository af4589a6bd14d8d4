import { describe, expect, it } from "@jest/globals";
import { NumericIds } from "./numeric-ids.ts";

const request = (id: string | number, method = "tools/call") => ({ jsonrpc: "2.0", id, method });
const response = (id: unknown) => ({ jsonrpc: "2.0", id, result: {} });

function layer() {
  const refused: unknown[] = [];
  return { ids: new NumericIds((id) => refused.push(id)), refused };
}

describe("numeric ids", () => {
  it("[mcp.ids] sends requests as 1, 2, 3 and gives each response back under the id the SDK chose", () => {
    const { ids } = layer();
    expect([request("probe-1"), request(0), request(1)].map((message) => ids.outgoing(message)?.["id"])).toEqual([
      1, 2, 3,
    ]);
    expect(ids.incoming(response(3))).toEqual(response(1));
    expect(ids.incoming(response(1))).toEqual(response("probe-1"));
  });

  it("[mcp.ids] refuses a response with a string id, an unknown id, no id, or an id already answered", () => {
    const { ids, refused } = layer();
    ids.outgoing(request(0));
    for (const id of ["1", 2, null, undefined, 1.5]) expect(ids.incoming(response(id))).toBeUndefined();
    expect(ids.incoming(response(1))).toEqual(response(0));
    expect(ids.incoming(response(1))).toBeUndefined();
    expect(refused).toEqual(["1", 2, null, undefined, 1.5, 1]);
  });

  it("names the request by its number when it is cancelled, and then refuses its late response", () => {
    const { ids } = layer();
    ids.outgoing(request(0));
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 0, reason: "timed out" } };
    expect(ids.outgoing(cancel)).toMatchObject({ params: { requestId: 1, reason: "timed out" } });
    expect(ids.incoming(response(1))).toBeUndefined();
    expect(ids.outgoing(cancel)).toBeUndefined();
  });

  it("leaves requests of the server and the answers to them alone", () => {
    const { ids } = layer();
    ids.outgoing(request(0));
    const asked = { jsonrpc: "2.0", id: 1, method: "ping" };
    expect(ids.incoming(asked)).toBe(asked);
    expect(ids.outgoing(response(1))).toEqual(response(1));
  });

  it("gives a subscription back its own id in notifications", () => {
    const { ids } = layer();
    ids.outgoing(request("listen:0", "subscriptions/listen"));
    const key = "io.modelcontextprotocol/subscriptionId";
    const acknowledged = {
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { _meta: { [key]: 1 } },
    };
    expect(ids.incoming(acknowledged)).toMatchObject({ params: { _meta: { [key]: "listen:0" } } });
    const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    expect(ids.incoming(cancelled)).toMatchObject({ params: { requestId: "listen:0" } });
  });
});
