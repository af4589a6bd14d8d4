import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import { HoldfastClient } from "./holdfast-client.ts";
import { type Answer, answerJson, type ScriptedServer, startScriptedServer } from "./fixtures/scripted-server.ts";

const CONVERSATION = "11111111-1111-4111-8111-111111111111";
const message = { agent: "assistant", content: "Hi" };

let server: ScriptedServer | undefined;
afterEach(() => server?.close());

async function clientOf(answers: readonly Answer[], patienceMs = 10_000): Promise<HoldfastClient> {
  server = await startScriptedServer(...answers);
  return new HoldfastClient({ baseUrl: `${server.url}/`, patienceMs });
}

/** Notes the body, then answers. */
const noting =
  (bodies: { id: string }[], answer: Answer): Answer =>
  async (request, response) => {
    bodies.push(JSON.parse(await readText(request)));
    answer(request, response);
  };

const accept: Answer = (_request, response) => answerJson(response, 202, { run_id: "r", status: "queued" });
const away: Answer = (_request, response) => answerJson(response, 503, {}, { "retry-after": "0" });
const hangUp: Answer = (request) => void request.socket.destroy();

describe("HoldfastClient", () => {
  it("[client.send] sends a message again under the same id until it is accepted", async () => {
    const bodies: { id: string }[] = [];
    const client = await clientOf([noting(bodies, hangUp), noting(bodies, away), noting(bodies, accept)]);
    await expect(client.send(CONVERSATION, message)).resolves.toMatchObject({ run_id: "r" });
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies.map((body) => body.id)).size).toBe(1);
    expect(bodies[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("keeps the id it is given, and does not repeat what the server has refused", async () => {
    const bodies: { id: string }[] = [];
    const problem = {
      type: "x",
      title: "No such agent",
      status: 404,
      detail: "there is no agent “x”",
      code: "agent_not_found",
    };
    const client = await clientOf([noting(bodies, (_request, response) => answerJson(response, 404, problem))]);
    await expect(client.send(CONVERSATION, { ...message, id: CONVERSATION })).rejects.toMatchObject({
      name: "HoldfastError",
      code: "agent_not_found",
      status: 404,
      message: "there is no agent “x”",
      problem,
    });
    expect(bodies).toEqual([{ ...message, id: CONVERSATION }]);
  });

  it("gives up when its patience ends, with the last error", async () => {
    const client = await clientOf([away], 0);
    await expect(client.send(CONVERSATION, message)).rejects.toMatchObject({
      status: 503,
      code: "unexpected_response",
    });
    await server?.close();
    await expect(client.agents()).rejects.toMatchObject({ status: 0, code: "network_error" });
    server = undefined;
  });

  it("stops trying when it is aborted", async () => {
    const controller = new AbortController();
    const client = await clientOf([
      (request, response) => {
        away(request, response);
        controller.abort(new Error("left the page"));
      },
    ]);
    await expect(client.send(CONVERSATION, message, { signal: controller.signal })).rejects.toThrow("left the page");
  });

  it("names routes and queries as the contract does", async () => {
    const client = await clientOf([
      (request, response) =>
        request.method === "DELETE" ? response.writeHead(204).end() : answerJson(response, 200, {}),
    ]);
    await client.listConversations({ limit: 5, cursor: "a b" });
    await client.snapshot(CONVERSATION);
    await client.messages(CONVERSATION);
    await client.deleteConversation(CONVERSATION);
    await client.createConversation();
    await client.run("r");
    await client.cancelRun("r");
    await client.agents();
    await client.tools();
    await client.restartToolset("a b");
    await client.listApprovals();
    await client.approve("a");
    await client.reject("b", { comment: "no" });
    await client.answer("c", { name: "Ann" });
    expect(server?.requests.map((request) => `${request.method} ${request.url}`)).toEqual([
      "GET /v1/conversations?limit=5&cursor=a+b",
      `GET /v1/conversations/${CONVERSATION}`,
      `GET /v1/conversations/${CONVERSATION}/messages`,
      `DELETE /v1/conversations/${CONVERSATION}`,
      "POST /v1/conversations",
      "GET /v1/runs/r",
      "POST /v1/runs/r/cancel",
      "GET /v1/agents",
      "GET /v1/tools",
      "POST /v1/tools/a%20b/restart",
      "GET /v1/approvals?status=requested",
      "POST /v1/approvals/a",
      "POST /v1/approvals/b",
      "POST /v1/approvals/c",
    ]);
  });

  it("answers a question with what was filled in", async () => {
    const bodies: string[] = [];
    const client = new HoldfastClient({
      baseUrl: "http://gateway",
      fetch: async (_url, init) => {
        bodies.push(init?.body as string);
        return Response.json({});
      },
    });
    await client.answer("c", { name: "Ann" });
    await client.reject("c");
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      { decision: "approve", content: { name: "Ann" } },
      { decision: "reject" },
    ]);
  });
});
