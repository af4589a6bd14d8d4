import { expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import request from "supertest";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

it("[http.redis-away] answers 503 with Retry-After while Redis is away, and works again when it is back", async () => {
  const { url } = await lab.open();
  const conversation = newUuid();
  const path = `/v1/conversations/${conversation}`;
  await request(url).post(`${path}/messages`).send({ agent: "assistant", content: "hi" }).expect(202);
  expect((await request(url).get("/ready")).body).toEqual({
    status: "ready",
    checks: [
      { name: "redis", ok: true },
      { name: "accepting", ok: true },
    ],
  });

  await lab.redis.kill();
  const answers = await Promise.all([
    request(url).get(path),
    request(url).get(`${path}/stream`),
    request(url).get("/v1/conversations"),
    request(url).get("/v1/agents"),
    request(url).get("/v1/tools"),
    request(url).get(`/v1/runs/${newUuid()}`),
    request(url).post("/v1/conversations").send({}),
    request(url).post(`${path}/messages`).send({ agent: "assistant", content: "hi" }),
  ]);
  for (const { status, body, headers } of answers) {
    expect([status, body.code]).toEqual([503, "unavailable"]);
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  }
  expect((await request(url).get("/health")).body).toEqual({ status: "ok" });
  const ready = await request(url).get("/ready");
  expect([ready.status, ready.body.status]).toEqual([503, "not_ready"]);
  expect(ready.body.checks[0]).toMatchObject({ name: "redis", ok: false, detail: expect.any(String) });

  await lab.redis.restart();
  await until(async () => (await request(url).get("/ready")).status === 200);
  await until(async () => (await request(url).get("/v1/agents")).status === 200);
});
