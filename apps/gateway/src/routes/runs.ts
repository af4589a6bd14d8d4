import type { Conversations } from "@holdfast/bus";
import { CancelAccepted, Run } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, type Route } from "../http/route.ts";
import { IdInPath, noRun } from "./addresses.ts";

export function runRoutes(conversations: Conversations): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/runs/:id",
      operationId: "getRun",
      summary: "A run and how far it is",
      params: IdInPath,
      replies: { 200: { description: "The run", schema: Run } },
      errors: ["run_not_found"],
      handle: async ({ params }) => {
        const run = await conversations.findRun(params.id);
        return run ? ok(run) : noRun();
      },
    }),
    defineRoute({
      method: "post",
      path: "/v1/runs/:id/cancel",
      operationId: "cancelRun",
      summary: "Cancel a run; what it has shown is kept",
      params: IdInPath,
      body: z.looseObject({}),
      isBodyOptional: true,
      replies: { 202: { description: "The run ends, or has ended", schema: CancelAccepted } },
      errors: ["run_not_found"],
      handle: async ({ params }) => {
        const cancelled = await conversations.cancelRun(params.id, "user");
        return cancelled ? { status: 202, body: { run_id: params.id, status: cancelled.status } } : noRun();
      },
    }),
  ];
}
