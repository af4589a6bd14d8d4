import * as protocol from "@holdfast/protocol";
import { ERROR_CODES, type ErrorCode, Problem } from "@holdfast/protocol";
import { z } from "zod";
import type { ReplyDoc, Route } from "../http/route.ts";
import { createSchemaBook, type SchemaBook } from "./schema-book.ts";

/** OpenAPI 3.1 of the routes, from the objects that also validate their input. */

const PROBLEM_TYPE = "application/problem+json";
/** Answers that any route can give. */
const ANYWHERE: readonly ErrorCode[] = ["internal", "unavailable"];
const WITH_BODY: readonly ErrorCode[] = [
  "invalid_request",
  "malformed_json",
  "payload_too_large",
  "unsupported_media_type",
  "forbidden",
];

type Json = Record<string, unknown>;

export function openApiDocument(routes: readonly Route[]): Json {
  const schemas = createSchemaBook(protocol);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: operation(route, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast gateway",
      version: "1",
      description: "Conversations with agents whose answers survive any crash. Errors are problem details (RFC 9457).",
    },
    paths,
    components: { schemas: schemas.used() },
  };
}

function operation(route: Route, schemas: SchemaBook): Json {
  return {
    operationId: route.operationId,
    summary: route.summary,
    parameters: parameters(route),
    ...(route.body ? { requestBody: requestBody(route.body, route.isBodyOptional ?? false, schemas) } : {}),
    responses: { ...replies(route, schemas), ...problems(route, schemas) },
  };
}

function requestBody(body: z.ZodType, isOptional: boolean, schemas: SchemaBook): Json {
  return { required: !isOptional, content: { "application/json": { schema: schemas.of(body) } } };
}

function replies(route: Route, schemas: SchemaBook): Json {
  return Object.fromEntries(Object.entries(route.replies).map(([status, doc]) => [status, reply(doc, schemas)]));
}

function reply({ description, schema, contentType = "application/json" }: ReplyDoc, schemas: SchemaBook): Json {
  if (!schema && contentType === "application/json") return { description };
  return { description, content: { [contentType]: schema ? { schema: schemas.of(schema) } : {} } };
}

/** Codes of one status share an answer; those the route answers itself (a readiness of 503) stay as they are. */
function problems(route: Route, schemas: SchemaBook): Json {
  const own: readonly ErrorCode[] = [
    ...(route.params ? (["malformed_id"] as const) : []),
    ...(route.query ? (["invalid_request"] as const) : []),
    ...(route.body ? WITH_BODY : []),
    ...(route.errors ?? []),
  ];
  const codes = [...new Set([...own, ...ANYWHERE])];
  const statuses = [...new Set(codes.map((code) => ERROR_CODES[code].status))].filter(
    (status) => !(status in route.replies),
  );
  const answer = (status: number) => ({
    description: codes.filter((code) => ERROR_CODES[code].status === status).join(", "),
    content: { [PROBLEM_TYPE]: { schema: schemas.of(Problem) } },
  });
  return Object.fromEntries(statuses.map((status) => [status, answer(status)]));
}

function parameters(route: Route): Json[] {
  return [
    ...fieldsOf(route.params).map((field) => ({ ...field, in: "path", required: true })),
    ...fieldsOf(route.query).map((field) => ({ ...field, in: "query" })),
    ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
      name,
      in: "header",
      description,
      schema: { type: "string" },
    })),
  ];
}

function fieldsOf(schema: z.ZodType | undefined): Json[] {
  if (!(schema instanceof z.ZodObject)) return [];
  // As they are after parsing: what comes in is text, and `limit` means the number.
  const { properties = {} } = z.toJSONSchema(schema, { io: "output" });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as Json;
    return { name, schema: rest, ...(description === undefined ? {} : { description }) };
  });
}
