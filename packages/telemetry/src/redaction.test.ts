import { describe, expect, it } from "@jest/globals";
import { isSecretKey, maskSecrets, redact, registerSecret } from "./redaction.ts";

describe("text", () => {
  it.each([
    ["an API key", "use sk-proj-4f9aB_c-1 now", "use [redacted] now"],
    ["a bearer token", "sent Bearer abc.def-123 to it", "sent Bearer [redacted] to it"],
    ["a header", "Authorization: Digest user=joe\nHost: a", "Authorization: [redacted]\nHost: a"],
    ["basic credentials", "curl -H Basic dXNlcjpwYXNz", "curl -H Basic [redacted]"],
    ["a password in a URL", "redis://default:hunter2@db:6379/0", "redis://[redacted]@db:6379/0"],
    ["a URL without a user", "redis://:p@ss@db:6379", "redis://[redacted]@db:6379"],
    ["a flag", "mysql --password hunter2 -h db", "mysql --password [redacted] -h db"],
    ["an assignment", "OPENAI_API_KEY=abc node x", "OPENAI_API_KEY=[redacted] node x"],
    ["a JSON member", '{"client_secret": "abc", "id": 1}', '{"client_secret": "[redacted]", "id": 1}'],
    ["a GitHub token", "ghp_0123456789abcdefghij", "[redacted]"],
    ["a web token", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ", "[redacted]"],
    ["a private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb", "a\n[redacted]\nb"],
    ["a private key cut short", "-----BEGIN PRIVATE KEY-----\nMII", "[redacted]"],
  ])("masks %s", (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    "the basic understanding of a token is simple",
    "https://example.org:8080/a@b and joe@example.org",
    "max_tokens=4096 tokens: 12",
    "import scikit-learn as sk-learn",
    "2026-11-22T10:00:00Z user:name",
  ])("leaves ordinary text alone: %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("scans hostile text of a megabyte without hanging", () => {
    const startedAt = performance.now();
    for (const piece of [
      "://a:",
      "eyJ",
      "token",
      "-----BEGIN PRIVATE KEY",
      '"token":',
      "Bearer ",
      "a",
      " ",
      "--token-",
      "sk-",
    ]) {
      redact(piece.repeat(1_000_000 / piece.length));
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

it("masks a registered value also where its field or a shorter one was seen before it was registered", () => {
  const seen = { "late-value-9": 1, note: "late-value-9", short: "lv" };
  expect(redact(seen)).toEqual(seen);
  registerSecret("late-value-9");
  expect(redact(seen)).toEqual({ "[redacted]": 1, note: "[redacted]", short: "lv" });
  registerSecret("lv-8");
  expect(redact({ note: "lv-8" })).toEqual({ note: "[redacted]" });
});

describe("objects", () => {
  it("masks values by the name of their key, at any depth, and leaves the original alone", () => {
    const original = { headers: { Authorization: "abc", Accept: "x" }, env: [{ DB_PASSWORD: "abc" }], apiKey: ["a"] };
    expect(redact(original)).toEqual({
      headers: { Authorization: "[redacted]", Accept: "x" },
      env: [{ DB_PASSWORD: "[redacted]" }],
      apiKey: "[redacted]",
    });
    expect(original.headers.Authorization).toBe("abc");
  });

  it("keeps counts and flags whose names only sound secret", () => {
    const usage = { input_tokens: 3, token: 4, has_password: true, secret: null, max_output_tokens: 4096 };
    expect(redact(usage)).toEqual(usage);
  });

  it("turns what JSON cannot hold into text instead of throwing", () => {
    const loop: Record<string, unknown> = { n: 1n, error: new Error("sk-abcdef123"), bytes: new Uint8Array(3) };
    loop["self"] = loop;
    expect(redact(loop)).toEqual({
      n: "1",
      error: { name: "Error", message: "[redacted]" },
      bytes: "[3 bytes]",
      self: "[circular]",
    });
    expect(
      redact({
        toJSON() {
          throw new Error("no");
        },
      }),
    ).toBe("[unreadable]");
  });

  it("stops at a size, so that a graph of objects costs a bounded time", () => {
    const nodes: Record<string, unknown>[] = Array.from({ length: 40 }, () => ({}));
    for (const node of nodes) Object.assign(node, nodes);
    expect(JSON.stringify(redact(nodes))).toContain("[too large]");
  });

  it.each(["authorization", "X-Api-Key", "refreshToken", "AWS_SECRET_ACCESS_KEY", "set-cookie", "privateKey"])(
    "knows %s as a secret's name",
    (name) => expect(isSecretKey(name)).toBe(true),
  );

  it.each(["tokens", "input_tokens", "key", "idempotency_key", "author", "tool_call_id", "args_sha256"])(
    "knows %s as an ordinary name",
    (name) => expect(isSecretKey(name)).toBe(false),
  );
});

describe("registered secrets", () => {
  registerSecret("hunter two&3\n");
  registerSecret("hunter two&3-and-longer");
  registerSecret("abc");

  it("are masked in text, in keys, percent-encoded and JSON-escaped", () => {
    expect(redact("x hunter two&3 y")).toBe("x [redacted] y");
    expect(redact("?q=hunter%20two%263")).toBe("?q=[redacted]");
    expect(redact({ "hunter two&3": "hunter two&3!" })).toEqual({ "[redacted]": "[redacted]!" });
  });

  it("are masked whole where one contains another", () => {
    expect(redact("hunter two&3-and-longer")).toBe("[redacted]");
  });

  it("are ignored when so short that they would mask words", () => {
    expect(redact("abcdef")).toBe("abcdef");
  });

  it("are all that maskSecrets masks", () => {
    const args = { token: "plain", command: "Bearer abcdef hunter two&3" };
    expect(maskSecrets(args)).toEqual({ token: "plain", command: "Bearer abcdef [redacted]" });
  });
});
