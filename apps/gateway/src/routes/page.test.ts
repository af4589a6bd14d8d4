import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import request from "supertest";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();
let webDir: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "holdfast-web-"));
  await mkdir(join(webDir, "assets"));
  await writeFile(join(webDir, "index.html"), "<!doctype html><title>Holdfast</title>");
  await writeFile(join(webDir, "assets/index-a1b2c3.js"), "1");
  await writeFile(join(webDir, "favicon.svg"), "<svg/>");
  await writeFile(join(webDir, ".env"), "SECRET=1");
});
afterAll(() => rm(webDir, { recursive: true }));

it("[http.page] serves one document at / and at every conversation's address, never from a cache unasked", async () => {
  const { url } = await lab.open({ app: { webDir } });
  for (const path of ["/", `/c/${newUuid()}`]) {
    const response = await request(url).get(path);
    expect([response.status, response.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(response.headers["cache-control"]).toBe("no-cache");
    expect(response.text).toContain("<title>Holdfast</title>");
  }
  expect((await request(url).head("/")).text).toBeUndefined();
});

it("[http.page] serves files whose name carries their hash for ever, others to be asked for again", async () => {
  const { url } = await lab.open({ app: { webDir } });
  const script = await request(url).get("/assets/index-a1b2c3.js");
  expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(script.headers["content-type"]).toContain("text/javascript");
  const icon = await request(url).get("/favicon.svg");
  expect([icon.headers["cache-control"], icon.headers["content-type"]]).toEqual(["public, max-age=0", "image/svg+xml"]);
  const unchanged = await request(url)
    .get("/favicon.svg")
    .set("if-none-match", icon.headers["etag"] ?? "");
  expect(unchanged.status).toBe(304);
  for (const path of ["/.env", "/assets/../.env", "/assets/%2e%2e/.env", "/assets", "/index.html"]) {
    expect((await request(url).get(path)).status).toBe(404);
  }
});

it("[http.security] lets the page run only its own scripts, and be framed by nobody", async () => {
  const { url } = await lab.open({ app: { webDir } });
  for (const path of ["/", "/assets/index-a1b2c3.js", "/v1/agents", "/nothing"]) {
    const { headers } = await request(url).get(path);
    expect(headers["content-security-policy"]).toMatch(
      /default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
    );
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["x-powered-by"]).toBeUndefined();
  }
});

it("says how to build the page where it has not been built, and serves the API all the same", async () => {
  const { url } = await lab.gateway();
  const response = await request(url).get("/");
  expect([response.status, response.headers["content-type"]]).toEqual([503, "text/plain; charset=utf-8"]);
  expect(response.text).toContain("pnpm --filter @holdfast/web build");
  expect((await request(url).get("/v1/agents")).status).toBe(200);
});
