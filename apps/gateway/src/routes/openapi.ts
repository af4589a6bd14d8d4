import { z } from "zod";
import { defineRoute, ok, type Route } from "../http/route.ts";
import { openApiDocument } from "../openapi/document.ts";

/** Describes the other routes and itself. */
export function openApiRoute(others: readonly Route[]): Route {
  const route: Route = defineRoute({
    method: "get",
    path: "/openapi.json",
    operationId: "getOpenApi",
    summary: "This description",
    replies: { 200: { description: "OpenAPI 3.1", schema: z.looseObject({}) } },
    handle: () => ok(document),
  });
  const document = openApiDocument([...others, route]);
  return route;
}
