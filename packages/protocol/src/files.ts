import { z } from "zod";
import { Timestamp } from "./envelope.ts";
import { Uuid } from "./ids.ts";

/**
 * A conversation's files, asked of the tool-runners by the gateway, which sees no workspace. A question is an entry of the
 * topic `files`; whoever of the tool-runners takes it answers once. Between services, not part of the outside contract.
 */
export const FILES_TOPIC = "files";

export const FileQuestion = z.object({
  conversation_id: Uuid,
  /** Below the workspace, with `/`; left out asks for the list of all. */
  path: z.string().optional(),
  /** Of a file: where the wanted part begins, in bytes. */
  offset: z.int().min(0).default(0),
  /** Nobody waits for an answer after this, unix ms. */
  until: z.int(),
});
export type FileQuestion = z.infer<typeof FileQuestion>;

export const FileEntry = z.object({ path: z.string(), size: z.int(), modified_at: Timestamp });
export type FileEntry = z.infer<typeof FileEntry>;

export const FileAnswer = z.discriminatedUnion("is", [
  z.object({ is: z.literal("list"), files: z.array(FileEntry), truncated: z.boolean() }),
  /** `version` changes when the file does; `data` is base64 and empty at the end. */
  z.object({ is: z.literal("part"), size: z.int(), version: z.string(), data: z.string() }),
  z.object({ is: z.literal("missing") }),
]);
export type FileAnswer = z.infer<typeof FileAnswer>;
