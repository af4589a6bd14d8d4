import { describe, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { describeFailure } from "./describe-failure.ts";

const answer = (status: number | undefined, body: object = {}, headers: Record<string, string> = {}) =>
  describeFailure(OpenAI.APIError.generate(status, { error: body }, "provider said", new Headers(headers)));

describe("retrying", () => {
  it.each([408, 409, 429, 500, 502, 503, 529])("tries %i again", (status) => {
    expect(answer(status).terms).toMatchObject({ isRetryable: true, status });
  });

  it.each([400, 401, 403, 404, 413, 422])("does not try %i again", (status) => {
    expect(answer(status).terms).toMatchObject({ isRetryable: false, code: "model_error" });
  });

  it("does not wait for a quota that is used up", () => {
    expect(answer(429, { code: "insufficient_quota" }).terms.isRetryable).toBe(false);
  });

  it("obeys the server that says whether to try again", () => {
    expect(answer(500, {}, { "x-should-retry": "false" }).terms.isRetryable).toBe(false);
    expect(answer(400, {}, { "x-should-retry": "true" }).terms.isRetryable).toBe(true);
  });

  it("tries again what broke without a status", () => {
    expect(describeFailure(new TypeError("terminated")).terms).toMatchObject({ code: "model_stream_broken" });
    expect(describeFailure(new OpenAI.APIConnectionError({ message: "x" })).terms).toMatchObject({
      code: "model_unavailable",
      isRetryable: true,
    });
  });

  it("judges an error inside a stream by its code", () => {
    const inStream = (error: object) => describeFailure(new OpenAI.APIError(undefined, error, "m", undefined)).terms;
    expect(inStream({ code: 502 })).toMatchObject({ isRetryable: true, status: 502 });
    expect(inStream({ code: "rate_limit_exceeded" })).toMatchObject({ isRetryable: true, status: 429 });
    expect(inStream({ code: "context_length_exceeded" })).toMatchObject({ isRetryable: false });
    expect(inStream({ message: "overloaded" })).toMatchObject({ isRetryable: true, code: "model_stream_broken" });
  });
});

describe("the server's wish to be left alone", () => {
  const wish = (headers: Record<string, string>) => answer(429, {}, headers).terms.retryAfterMs;
  it("is read in milliseconds, seconds or as a date", () => {
    expect(wish({ "retry-after-ms": "250", "retry-after": "9" })).toBe(250);
    expect(wish({ "retry-after": "2" })).toBe(2_000);
    const inTenSeconds = wish({ "retry-after": new Date(Date.now() + 10_000).toUTCString() });
    expect(inTenSeconds).toBeGreaterThan(8_000);
    expect(inTenSeconds).toBeLessThan(11_000);
  });

  it("is capped, and passed over where it is nonsense", () => {
    expect(wish({ "retry-after": "86400" })).toBe(60_000);
    expect(wish({ "retry-after": "soon" })).toBeUndefined();
    expect(wish({})).toBeUndefined();
  });
});

it("keeps the provider's words from users", () => {
  const failure = answer(401, { message: "Incorrect API key provided: sk-abc" });
  expect(failure.message).not.toContain("sk-abc");
  expect(failure.terms.detail).toContain("Incorrect API key");
});
