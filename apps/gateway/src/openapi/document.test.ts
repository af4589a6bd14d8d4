import { expect, it } from "@jest/globals";
import type { Express } from "express";
import request from "supertest";
import { createApp } from "../app.ts";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** What Express itself says it serves; the 405 beside every route goes by `_all`. */
function registered(app: Express): string[] {
  const { stack } = app.router as unknown as { stack: readonly Layer[] };
  return stack.flatMap(({ route }) => {
    const methods = Object.keys(route?.methods ?? {}).filter((method) => method !== "_all");
    return methods.map((method) => `${method} ${route?.path.replaceAll(/:(\w+)/g, "{$1}")}`);
  });
}

async function document() {
  const { url } = await lab.gateway();
  const { body } = await request(url).get("/openapi.json");
  return body as { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: object } };
}

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
  readonly requestBody?: unknown;
}

it("[http.openapi] names every route that Express serves, and no other", async () => {
  const { options } = await lab.gateway();
  const { openapi, paths } = await document();
  const described = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`));
  expect(openapi).toBe("3.1.0");
  expect(described.toSorted()).toEqual(registered(createApp(options)).toSorted());
  expect(described).toContain("post /v1/conversations/{id}/messages");
});

it("refers only to schemas it holds", async () => {
  const body = await document();
  const names = Object.keys(body.components.schemas);
  const referred = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? "");
  expect(referred.length).toBeGreaterThan(20);
  for (const ref of referred) expect(names.map((name) => `#/components/schemas/${name}`)).toContain(ref);
  expect(names).toEqual(
    expect.arrayContaining(["SendMessage", "MessageAccepted", "Snapshot", "TokenEvent", "Problem"]),
  );
});

it("says what each operation takes and answers", async () => {
  const { paths } = await document();
  const send = paths["/v1/conversations/{id}/messages"]?.["post"];
  expect(send).toMatchObject({
    operationId: "sendMessage",
    parameters: expect.arrayContaining([
      expect.objectContaining({ name: "id", in: "path", required: true }),
      expect.objectContaining({ name: "Idempotency-Key", in: "header" }),
    ]),
    requestBody: {
      required: true,
      content: { "application/json": { schema: { $ref: "#/components/schemas/SendMessage" } } },
    },
  });
  expect(Object.keys(send?.responses ?? {})).toEqual([
    "202",
    "400",
    "403",
    "404",
    "409",
    "410",
    "413",
    "415",
    "500",
    "503",
  ]);
  const list = paths["/v1/conversations"]?.["get"];
  expect(list).toMatchObject({
    parameters: [
      { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 200, default: 50 } },
      { name: "cursor", in: "query" },
    ],
  });
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});
