import type { DeadLetters } from "@holdfast/bus";
import { DeadLetterList, EntryId, Page, Uuid } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, refuse, type Reply, type Route } from "../http/route.ts";
import { pageReply } from "./conversations.ts";

/** A work topic as it is named in Redis, `chat:<agent>` or `tools:<toolset>`; its dead letters' own name is understood too. */
const Topic = z
  .string()
  .regex(/^(dlq:)?(chat|tools):[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be chat:<agent> or tools:<toolset>")
  .overwrite((topic) => topic.replace(/^dlq:/, ""));
const LetterInPath = z.object({ topic: Topic, entry: EntryId });
const LettersPage = Page.extend({
  topic: Topic.optional(),
  cursor: z
    .string()
    .regex(/^(chat|tools):\S+ \d{1,15}-\d{1,15}$/, "must be a next_cursor of this list")
    .optional(),
});
const Redriven = z.looseObject({ run_id: Uuid.optional() });

const noLetter = (): Reply => refuse("dlq_entry_not_found", "No dead letter of this topic has this id.");

/** What was given up on, for operators (protocol §4). */
export function deadLetterRoutes(deadLetters: DeadLetters): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/dlq",
      operationId: "listDeadLetters",
      summary: "Entries given up on, oldest first",
      query: LettersPage,
      replies: { 200: { description: "A page of dead letters", schema: DeadLetterList } },
      errors: ["invalid_cursor"],
      handle: async ({ query: { limit, topic, cursor } }) => {
        const page = { limit, ...(topic === undefined ? {} : { topic }), ...(cursor === undefined ? {} : { cursor }) };
        return pageReply(await deadLetters.list(page));
      },
    }),
    defineRoute({
      method: "post",
      path: "/v1/dlq/:topic/:entry/redrive",
      operationId: "redriveDeadLetter",
      summary: "Put an entry in its topic again; a message whose run ended gets a new run",
      params: LetterInPath,
      body: z.looseObject({}),
      isBodyOptional: true,
      replies: { 202: { description: "It is queued again", schema: Redriven } },
      errors: ["dlq_entry_not_found"],
      handle: async ({ params }) => {
        const redriven = await deadLetters.redrive(params.topic, params.entry);
        if (redriven.outcome === "missing") return noLetter();
        return { status: 202, body: redriven.runId === undefined ? {} : { run_id: redriven.runId } };
      },
    }),
    defineRoute({
      method: "delete",
      path: "/v1/dlq/:topic/:entry",
      operationId: "deleteDeadLetter",
      summary: "Delete a dead letter for good",
      params: LetterInPath,
      replies: { 204: { description: "It is gone" } },
      errors: ["dlq_entry_not_found"],
      handle: async ({ params }) =>
        (await deadLetters.remove(params.topic, params.entry)) === "removed" ? { status: 204 } : noLetter(),
    }),
  ];
}
