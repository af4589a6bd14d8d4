/** What the two processes of the BullMQ build agree on. */
export interface ChatJob {
  readonly id: string;
  readonly content: string;
}

export const QUEUE = "chats";

/** Redis stream of an answer; entries have one field, `data`: `{"text": …}`, and `[DONE]` at the end. */
export const answerKey = (id: string): string => `answer:${id}`;

export const redisAddress = (): { host: string; port: number } => {
  const { hostname, port } = new URL(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");
  return { host: hostname, port: Number(port) };
};
