import { describe, expect, it } from "@jest/globals";
import { Conversation, ConversationList, MessageList, newUuid, Run, Snapshot } from "@holdfast/protocol";
import request from "supertest";
import { complete, gatewayLab, say, USAGE } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

describe("conversations", () => {
  it("[http.create] are created once; the same id again answers the first body", async () => {
    const { url } = await lab.gateway();
    const id = newUuid();
    const first = await request(url)
      .post("/v1/conversations")
      .send({ id, metadata: { topic: "x" } });
    expect(first.status).toBe(201);
    expect(first.headers["location"]).toBe(`/v1/conversations/${id}`);
    expect(Conversation.parse(first.body)).toEqual({ id, created_at: expect.any(String) });

    const again = await request(url)
      .post("/v1/conversations")
      .send({ id, metadata: { topic: "y" } });
    expect([again.status, again.body]).toEqual([200, first.body]);

    const minted = await request(url).post("/v1/conversations");
    expect(minted.status).toBe(201);
    expect(minted.body.id).not.toBe(id);
    const snapshot = await request(url).get(`/v1/conversations/${id}`);
    expect(snapshot.body).toEqual({
      id,
      created_at: first.body.created_at,
      metadata: { topic: "x" },
      cursor: expect.stringMatching(/^\d+-0$/),
      messages: [],
      active_run: null,
      approvals: [],
    });
  });

  it("[http.list] are listed newest first, in pages", async () => {
    const { url } = await lab.gateway();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await request(url).post("/v1/conversations")).body.id);
    const first = await request(url).get("/v1/conversations?limit=2");
    const page = ConversationList.parse(first.body);
    expect(page.data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(page.has_more).toBe(true);
    const second = await request(url).get(`/v1/conversations?limit=2&cursor=${page.next_cursor}`);
    expect(second.body.data[0].id).toBe(ids[0]);
  });

  it("[http.delete] are deleted with a tombstone: reading is 404, writing 410", async () => {
    const { url } = await lab.gateway();
    const id = newUuid();
    const path = `/v1/conversations/${id}`;
    await request(url).post(`${path}/messages`).send({ agent: "assistant", content: "hi" }).expect(202);

    expect((await request(url).delete(path)).status).toBe(204);

    for (const read of [path, `${path}/messages`, `${path}/stream`]) {
      const { status, body } = await request(url).get(read);
      expect([status, body.code]).toEqual([404, "conversation_not_found"]);
    }
    const write = await request(url).post(`${path}/messages`).send({ agent: "assistant", content: "hi" });
    expect([write.status, write.body.code]).toEqual([410, "conversation_deleted"]);
    const create = await request(url).post("/v1/conversations").send({ id });
    expect([create.status, create.body.code]).toEqual([410, "conversation_deleted"]);
    expect((await request(url).delete(path)).status).toBe(404);
  });
});

describe("messages", () => {
  const send = (url: string, conversation: string, body: object, headers: Record<string, string> = {}) =>
    request(url)
      .post(`/v1/conversations/${conversation}/messages`)
      .set(headers)
      .send({ agent: "assistant", content: "hello", ...body });

  it("[http.send] are accepted once per id, by body or by Idempotency-Key, with the same answer", async () => {
    const { url } = await lab.gateway();
    const [conversation, id] = [newUuid(), newUuid()];
    const first = await send(url, conversation, { id });
    expect(first.status).toBe(202);
    expect(first.body).toEqual({
      message_id: id,
      run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      conversation_id: conversation,
      status: "queued",
      stream_url: `/v1/conversations/${conversation}/stream`,
    });
    await complete(await lab.claim(conversation), "done");

    for (const again of [
      await send(url, conversation, { id }),
      await send(url, conversation, {}, { "idempotency-key": id }),
      await send(url, conversation, { id }, { "idempotency-key": `"${id.toUpperCase()}"` }),
    ]) {
      expect([again.status, again.body]).toEqual([202, first.body]);
    }
    const history = await request(url).get(`/v1/conversations/${conversation}/messages`);
    expect(history.body.data.filter(({ role }: { role: string }) => role === "user")).toHaveLength(1);
  });

  it("[http.send] take a key that is no UUID, and refuse a key and an id that differ", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    const first = await send(url, conversation, {}, { "idempotency-key": "order 66" });
    const again = await send(url, conversation, {}, { "idempotency-key": "order 66" });
    expect(again.body).toEqual(first.body);
    const both = await send(url, conversation, { id: newUuid() }, { "idempotency-key": "order 66" });
    expect([both.status, both.body.code]).toEqual([400, "invalid_request"]);
  });

  it("[http.conflict] are refused under an id that was used for another body", async () => {
    const { url } = await lab.gateway();
    const [conversation, id] = [newUuid(), newUuid()];
    await send(url, conversation, { id }).expect(202);
    const other = await send(url, conversation, { id, content: "something else" });
    expect([other.status, other.body.code]).toEqual([409, "idempotency_conflict"]);
  });

  it("are refused where the conversation is busy and the message will not wait", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    await send(url, conversation, {}).expect(202);
    const busy = await send(url, conversation, { on_busy: "reject" });
    expect([busy.status, busy.body.code]).toEqual([409, "conversation_busy"]);
  });

  it("[http.steer] that steer get the same answer however often they are sent, whatever became of them", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    await send(url, conversation, {}).expect(202);
    const claim = await lab.bus.runs.claim(conversation, "assistant");
    if (claim.outcome !== "claimed") throw new Error(claim.outcome);
    const body = { id: newUuid(), content: "left", on_busy: "steer" };
    const first = await send(url, conversation, body).expect(202);
    expect(await claim.lease.beginStep(0)).toMatchObject([{ envelope: { content: "left" } }]);
    const again = await send(url, conversation, body).expect(202);
    expect(again.body).toEqual(first.body);
    const run = await request(url).get(`/v1/runs/${first.body.run_id}`);
    expect(run.body).toMatchObject({ status: "completed", reason: "steered", steps: 0 });
  });

  it("[http.agent] are refused for an agent that is not configured", async () => {
    const { url } = await lab.gateway();
    const unknown = await send(url, newUuid(), { agent: "nobody" });
    expect([unknown.status, unknown.body.code]).toEqual([404, "agent_not_found"]);
  });

  it("[http.history] are read back in pages, oldest first", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    for (const content of ["one", "two", "three"]) await send(url, conversation, { content }).expect(202);
    const first = MessageList.parse(
      (await request(url).get(`/v1/conversations/${conversation}/messages?limit=2`)).body,
    );
    expect(first.data.map(({ content }) => content)).toEqual(["one", "two"]);
    const next = await request(url).get(`/v1/conversations/${conversation}/messages?cursor=${first.next_cursor}`);
    expect(next.body).toMatchObject({ data: [{ content: "three", role: "user" }], next_cursor: null, has_more: false });
    expect((await request(url).get(`/v1/conversations/${newUuid()}/messages`)).body.code).toBe(
      "conversation_not_found",
    );
  });
});

it("[http.snapshot] a snapshot has the unfinished text, and following from its cursor continues it", async () => {
  const gateway = await lab.gateway();
  const conversation = newUuid();
  const runId = await lab.send(conversation);
  const lease = await lab.claim(conversation);
  let at = await say(lease, ["wrong"]);
  lease.supersede(0, "model_retry");
  at = await say(lease, ["Grüße ", "aus "]);

  const { body } = await request(gateway.url).get(`/v1/conversations/${conversation}`);
  const snapshot = Snapshot.parse(body);
  expect(snapshot.active_run).toEqual({
    id: runId,
    agent: "assistant",
    status: "in_progress",
    attempt: 2,
    step: 0,
    text: "Grüße aus ",
  });
  expect(snapshot.messages).toEqual([expect.objectContaining({ role: "user", content: "hello" })]);

  const reader = await lab.read(`${gateway.url}/v1/conversations/${conversation}/stream?after=${snapshot.cursor}`);
  await say(lease, ["東京"], at);
  await reader.untilText("東京");
  expect(reader.frames[0]?.event["offset"]).toBe(at.offset);
});

describe("runs", () => {
  it("[http.run] show how far they are", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    const runId = await lab.send(conversation);
    const queued = Run.parse((await request(url).get(`/v1/runs/${runId}`)).body);
    expect(queued).toMatchObject({
      id: runId,
      conversation_id: conversation,
      agent: "assistant",
      status: "queued",
      attempt: 0,
    });
    await complete(await lab.claim(conversation), "hi");
    const done = Run.parse((await request(url).get(`/v1/runs/${runId}`)).body);
    expect(done).toMatchObject({ status: "completed", attempt: 1, usage: USAGE });
    const unknown = await request(url).get(`/v1/runs/${newUuid()}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, "run_not_found"]);
  });

  it("[http.cancel] are cancelled before a worker has them, with and without a body", async () => {
    const { url } = await lab.gateway();
    const conversation = newUuid();
    const runId = await lab.send(conversation);
    const cancelled = await request(url).post(`/v1/runs/${runId}/cancel`);
    expect([cancelled.status, cancelled.body]).toEqual([202, { run_id: runId, status: "cancelled" }]);
    expect((await request(url).post(`/v1/runs/${runId}/cancel`).send({})).status).toBe(202);
    expect((await request(url).post(`/v1/runs/${newUuid()}/cancel`)).body.code).toBe("run_not_found");
  });

  it("[http.foreign-run] are no end of another conversation's stream", async () => {
    const { url } = await lab.gateway();
    const [mine, other] = [newUuid(), newUuid()];
    await lab.send(mine);
    const foreign = await lab.send(other);
    for (const runId of [foreign, newUuid()]) {
      const { status, body } = await request(url).get(`/v1/conversations/${mine}/stream?run_id=${runId}`);
      expect([status, body.code]).toEqual([404, "run_not_found"]);
    }
  });
});
