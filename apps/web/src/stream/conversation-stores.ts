import type { HoldfastClient } from "@holdfast/client";
import { ConversationStore } from "./conversation-store.ts";
import { onNextFrame } from "./next-frame.ts";

/** Conversations looked at last stay in memory, so that going back shows them at once and resumes by cursor. */
const KEPT = 8;

export class ConversationStores {
  readonly #client: HoldfastClient;
  readonly #stores = new Map<string, ConversationStore>();

  constructor(client: HoldfastClient) {
    this.#client = client;
  }

  get(conversationId: string): ConversationStore {
    const store = this.#stores.get(conversationId) ?? new ConversationStore(conversationId, this.#client, onNextFrame);
    // A Map keeps the order of insertion: the first key is the one looked at longest ago.
    this.#stores.delete(conversationId);
    this.#stores.set(conversationId, store);
    for (const [id, other] of this.#stores) {
      if (this.#stores.size <= KEPT) break;
      other.close();
      this.#stores.delete(id);
    }
    return store;
  }
}
