import type { DeadLetter } from "@holdfast/protocol";
import type { PageOf, PageRequest } from "./conversations.ts";

/** Entries given up on, in `dlq:<topic>` (protocol §2.4). They stay until somebody redrives or removes them. */
export interface DeadLetters {
  /** Oldest first; of every topic that ever had one, or of `topic` alone. */
  list(page: PageRequest & { readonly topic?: string }): Promise<PageOf<DeadLetter>>;
  /**
   * Puts the entry in its topic again and takes it out of here. A message whose run has ended gets a new run, with reason
   * `redriven`; answers that run's id.
   */
  redrive(
    topic: string,
    entry: string,
  ): Promise<{ readonly outcome: "redriven"; readonly runId?: string } | { readonly outcome: "missing" }>;
  remove(topic: string, entry: string): Promise<"removed" | "missing">;
}
