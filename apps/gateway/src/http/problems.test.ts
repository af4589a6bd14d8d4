import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { newUuid, Problem } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import request, { type Response } from "supertest";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();
const CONVERSATION = newUuid();
const MESSAGES = `/v1/conversations/${CONVERSATION}/messages`;
const VALID = { agent: "assistant", content: "hi" };

/** Status, code and the fields complained of; throws where the answer is no proper problem document or says too much. */
function problemIn(response: Response): (number | string)[] {
  const { status, code, errors = [] } = Problem.parse(response.body);
  const type = response.headers["content-type"];
  if (type !== "application/problem+json; charset=utf-8") throw new Error(`the media type is ${type}`);
  if (status !== response.status) throw new Error(`the body says ${status}, the answer ${response.status}`);
  if (/node_modules|\bat .*\.ts:|Error:/.test(response.text)) throw new Error(`the answer leaks: ${response.text}`);
  return [status, code, ...errors.map(({ path }) => path)];
}

describe("[http.problems] what cannot be answered is a problem document:", () => {
  it.each(["/nothing", "/v1", "/assets/nothing.js", "/index.html"])("no route at %s", async (path) => {
    const { url } = await lab.gateway();
    expect(problemIn(await request(url).get(path))).toEqual([404, "not_found"]);
  });

  it("no such method", async () => {
    const { url } = await lab.gateway();
    const response = await request(url).put(MESSAGES).send(VALID);
    expect(problemIn(response)).toEqual([405, "method_not_allowed"]);
    expect(response.headers["allow"]).toBe("POST, GET, HEAD, OPTIONS");
    expect((await request(url).options(MESSAGES)).status).toBe(204);
    expect((await request(url).head("/v1/conversations")).status).toBe(200);
  });

  it.each(["{", "nul", '{"agent":"assistant","content":"hi"', "\ufeff\u0000"])("malformed JSON %p", async (text) => {
    const { url } = await lab.gateway();
    const response = await request(url).post(MESSAGES).set("content-type", "application/json").send(text);
    expect(problemIn(response)).toEqual([400, "malformed_json"]);
  });

  it.each([
    [undefined, ""],
    [[], ""],
    ["text", ""],
    [null, ""],
    [{ content: "hi" }, "agent"],
    [{ agent: "assistant" }, "content"],
    [{ ...VALID, content: "" }, "content"],
    [{ ...VALID, content: " \n" }, "content"],
    [{ ...VALID, content: 5 }, "content"],
    [{ ...VALID, content: "\ud83d" }, "content"],
    [{ ...VALID, agent: "Assistant" }, "agent"],
    [{ ...VALID, id: "5" }, "id"],
    [{ ...VALID, id: newUuid().toUpperCase() }, "id"],
    [{ ...VALID, sender: "ann" }, "sender"],
    [{ ...VALID, metadata: [] }, "metadata"],
    [{ ...VALID, on_busy: "panic" }, "on_busy"],
  ])("a message like %j", async (body, path) => {
    const { url } = await lab.gateway();
    expect(
      problemIn(
        await request(url)
          .post(MESSAGES)
          .set("content-type", "application/json")
          .send(JSON.stringify(body) ?? ""),
      ),
    ).toEqual([400, "invalid_request", path]);
  });

  it("JSON that is nested too deeply", async () => {
    const { url } = await lab.gateway();
    const deep = `{"agent":"assistant","content":"hi","metadata":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;
    const response = await request(url).post(MESSAGES).set("content-type", "application/json").send(deep);
    expect(problemIn(response)).toEqual([400, "invalid_request", ""]);
  });

  it("malformed ids in the address", async () => {
    const { url } = await lab.gateway();
    const bad = ["5", CONVERSATION.toUpperCase(), `${CONVERSATION}x`, "%7Bbraces%7D", "..%2f"];
    for (const id of bad) {
      expect(problemIn(await request(url).get(`/v1/conversations/${id}`))).toEqual([400, "malformed_id", "id"]);
      expect(problemIn(await request(url).get(`/v1/conversations/${id}/stream`))).toEqual([400, "malformed_id", "id"]);
      expect(problemIn(await request(url).post(`/v1/conversations/${id}/messages`).send(VALID))).toEqual([
        400,
        "malformed_id",
        "id",
      ]);
      expect(problemIn(await request(url).get(`/v1/runs/${id}`))).toEqual([400, "malformed_id", "id"]);
      expect(problemIn(await request(url).post(`/v1/runs/${id}/cancel`))).toEqual([400, "malformed_id", "id"]);
      expect(problemIn(await request(url).delete(`/v1/conversations/${id}`))).toEqual([400, "malformed_id", "id"]);
    }
    expect(problemIn(await request(url).get(`/v1/conversations/${CONVERSATION}/stream?run_id=5`))).toEqual([
      400,
      "malformed_id",
      "run_id",
    ]);
    expect(problemIn(await request(url).get("/v1/runs/%E0%A4%A"))).toEqual([400, "malformed_id"]);
  });

  it("malformed cursors and limits", async () => {
    const { url } = await lab.gateway();
    for (const limit of ["0", "-1", "201", "1.5", "x", ""]) {
      expect(problemIn(await request(url).get(`/v1/conversations?limit=${limit}`))).toEqual([
        400,
        "invalid_request",
        "limit",
      ]);
      expect(problemIn(await request(url).get(`${MESSAGES}?limit=${limit}`))).toEqual([
        400,
        "invalid_request",
        "limit",
      ]);
    }
    for (const cursor of ["x", "", "1-1", "9".repeat(99)]) {
      expect(problemIn(await request(url).get(`/v1/conversations?cursor=${cursor}`))).toEqual([
        400,
        "invalid_cursor",
        "cursor",
      ]);
      expect(problemIn(await request(url).get(`${MESSAGES}?cursor=${cursor}`))).toEqual([
        400,
        "invalid_cursor",
        "cursor",
      ]);
    }
    const stream = `/v1/conversations/${CONVERSATION}/stream`;
    for (const after of ["x", "5", "1-", "after=1-1"]) {
      expect(problemIn(await request(url).get(`${stream}?after=${after}`))).toEqual([400, "invalid_cursor", "after"]);
    }
    expect(problemIn(await request(url).get(`${stream}?after=1-1&after=1-2`))).toEqual([
      400,
      "invalid_cursor",
      "after",
    ]);
    expect(problemIn(await request(url).get(stream).set("last-event-id", "x"))).toEqual([
      400,
      "invalid_cursor",
      "Last-Event-ID",
    ]);
    expect(problemIn(await request(url).get(stream))).toEqual([404, "conversation_not_found"]);
  });

  it("a body that is too large", async () => {
    const { url } = await lab.gateway();
    const body = { ...VALID, content: "x".repeat(1_048_577) };
    expect(problemIn(await request(url).post(MESSAGES).send(body))).toEqual([413, "payload_too_large"]);
  });

  it("a body that is not JSON, or compressed", async () => {
    const { url } = await lab.gateway();
    const json = JSON.stringify(VALID);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const response = await request(url).post(MESSAGES).set("content-type", type).send(json);
      expect(problemIn(response)).toEqual([415, "unsupported_media_type"]);
    }
    const packed = request(url).post(MESSAGES).set("content-type", "application/json").set("content-encoding", "gzip");
    expect(problemIn(await packed.send(json))).toEqual([415, "unsupported_media_type"]);
    const latin = request(url).post(MESSAGES).set("content-type", "application/json; charset=latin1");
    expect(problemIn(await latin.send(json))).toEqual([415, "unsupported_media_type"]);
  });

  it("[http.browser] another site, and a name that is not this machine's", async () => {
    const { url } = await lab.gateway();
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://elsewhere.example" };
    expect(problemIn(await request(url).post("/v1/conversations").set(foreign).send({}))).toEqual([403, "forbidden"]);
    expect(
      (await request(url).get("/v1/conversations").set(foreign)).headers["access-control-allow-origin"],
    ).toBeUndefined();
    expect(problemIn(await request(url).get("/v1/agents").set("host", "rebound.example:8080"))).toEqual([
      403,
      "forbidden",
    ]);
    for (const host of ["localhost", "LOCALHOST:1", "app.localhost:2", "127.0.0.1", "[::1]:80", "10.0.0.7:8080"]) {
      expect((await request(url).get("/health").set("host", host)).status).toBe(200);
    }
    const open = await lab.open({ app: { origins: { corsOrigins: ["https://app.example"], hosts: undefined } } });
    const friend = { "sec-fetch-site": "cross-site", origin: "https://app.example", host: "any.example" };
    const created = await request(open.url).post("/v1/conversations").set(friend).send({});
    expect([created.status, created.headers["access-control-allow-origin"]]).toEqual([201, "https://app.example"]);
    const preflight = await request(open.url)
      .options(MESSAGES)
      .set({ origin: "https://app.example", "access-control-request-method": "POST" });
    expect([preflight.status, preflight.headers["access-control-allow-methods"]]).toEqual([204, "GET, POST, DELETE"]);
    expect(problemIn(await request(open.url).post("/v1/conversations").set(foreign).send({}))).toEqual([
      403,
      "forbidden",
    ]);
  });
});

it("answers two requests that come in one piece, the first of them large and refused", async () => {
  const { url } = await lab.gateway();
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (data) => (answer += String(data)));
  const body = "x".repeat(70_000);
  socket.write(
    `POST ${MESSAGES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
      "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("close", resolve));
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
});

it("refuses a stream that is pipelined behind another answer, rather than leave it open without a word", async () => {
  const { url } = await lab.gateway();
  await lab.send(CONVERSATION);
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (data) => (answer += String(data)));
  const stream = `/v1/conversations/${CONVERSATION}/stream`;
  socket.write(
    [stream, stream].map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join("") +
      "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
  );
  await until(() => answer.includes("user_message"));
  await lab.bus.conversations.delete(CONVERSATION);
  await until(() => answer.includes('"status":"ok"'));
  socket.destroy();
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 503", "HTTP/1.1 200"]);
});

it("answers to HTTP/1.0, as proxies speak it, without chunks", async () => {
  const { url } = await lab.gateway();
  const conversation = newUuid();
  await lab.send(conversation);
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  const seen = new Promise<void>((resolve) => {
    socket.on("data", (data) => {
      answer += String(data);
      if (answer.includes('"status":"queued"')) resolve();
    });
  });
  socket.write(`GET /v1/conversations/${conversation}/stream HTTP/1.0\r\nHost: localhost\r\n\r\n`);
  await seen;
  socket.destroy();
  expect(answer).not.toMatch(/transfer-encoding/i);
  expect(answer).toMatch(/\r\n\r\nretry: \d+\n\nid: \d+-1\ndata: /);
});
