import {
  type ConversationState,
  emptyConversation,
  type FollowStatus,
  type Frame,
  type HoldfastClient,
  HoldfastError,
  reduce,
} from "@holdfast/client";
import type { FormContent } from "@holdfast/protocol";

/**
 * One conversation as the page shows it: the reducer's state of its event stream, and the messages just sent that the
 * stream does not show yet.
 *
 * - Frames are reduced as they come and published once per painted frame, for React's `useSyncExternalStore`.
 * - A sent message is shown at once under its own id, and gives way to the real one, which has the same id.
 * - `close` keeps what was read: opening again resumes from its cursor.
 */
export interface ConversationView {
  readonly conversation: ConversationState;
  readonly pending: readonly PendingMessage[];
  readonly connection: FollowStatus;
  /** Why the stream was refused: the conversation is unknown or deleted. */
  readonly problem: HoldfastError | null;
}

export interface PendingMessage {
  readonly messageId: string;
  readonly content: string;
  /** Known once the message is accepted. */
  readonly runId: string | null;
}

export interface OutgoingMessage {
  readonly messageId: string;
  readonly agent: string;
  readonly content: string;
}

type StreamClient = Pick<HoldfastClient, "send" | "follow" | "cancelRun" | "decide">;

export class ConversationStore {
  readonly conversationId: string;
  readonly #client: StreamClient;
  readonly #schedule: (publish: () => void) => void;
  readonly #listeners = new Set<() => void>();
  #following: AbortController | undefined;
  #isScheduled = false;
  #draft = "";
  #next: ConversationView = { conversation: emptyConversation, pending: [], connection: "reconnecting", problem: null };
  #view = this.#next;

  constructor(conversationId: string, client: StreamClient, schedule: (publish: () => void) => void) {
    this.conversationId = conversationId;
    this.#client = client;
    this.#schedule = schedule;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getView = (): ConversationView => this.#view;

  /** What stands unsent in the message box, kept while another conversation is shown. */
  get draft(): string {
    return this.#draft;
  }

  readonly keepDraft = (text: string): void => {
    this.#draft = text;
  };

  get isOpen(): boolean {
    return this.#following !== undefined;
  }

  /** Begins to follow the stream where reading stopped. Does nothing while it is followed already. */
  open(): void {
    if (this.#following) return;
    const following = new AbortController();
    this.#following = following;
    this.#update({ connection: "reconnecting", problem: null });
    void this.#follow(following);
  }

  close(): void {
    this.#following?.abort();
    this.#following = undefined;
  }

  /** Sends a message. Resolves to the error where it was not accepted. */
  async send({ messageId, agent, content }: OutgoingMessage): Promise<HoldfastError | undefined> {
    const others = () => this.#next.pending.filter((message) => message.messageId !== messageId);
    this.#update({ pending: [...others(), { messageId, content, runId: null }] });
    try {
      const accepted = await this.#client.send(this.conversationId, { id: messageId, agent, content });
      this.#update({
        pending: this.#next.pending.map((message) =>
          message.messageId === messageId ? { ...message, runId: accepted.run_id } : message,
        ),
      });
      return undefined;
    } catch (error) {
      this.#update({ pending: others() });
      return asHoldfastError(error);
    }
  }

  async cancel(runId: string): Promise<HoldfastError | undefined> {
    return this.#client.cancelRun(runId).then(() => undefined, asHoldfastError);
  }

  /** `content` is what was filled in, where a question is answered. */
  async decide(
    approvalId: string,
    decision: "approve" | "reject",
    content?: FormContent,
  ): Promise<HoldfastError | undefined> {
    const options = content === undefined ? {} : { content };
    return this.#client.decide(approvalId, decision, options).then(() => undefined, asHoldfastError);
  }

  async #follow(following: AbortController): Promise<void> {
    const end = await this.#client.follow(this.conversationId, {
      cursor: this.#next.conversation.cursor,
      signal: following.signal,
      onFrame: (frame) => this.#apply(frame),
      onStatus: (connection) => this.#update({ connection }),
    });
    if (this.#following !== following) return;
    this.#following = undefined;
    if (end.reason === "refused") this.#update({ connection: "live", problem: end.error });
  }

  #apply(frame: Frame): void {
    this.#next = { ...this.#next, conversation: reduce(this.#next.conversation, frame) };
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => this.#publish());
  }

  #update(change: Partial<ConversationView>): void {
    this.#next = { ...this.#next, ...change };
    this.#publish();
  }

  #publish(): void {
    this.#isScheduled = false;
    this.#next = withoutShown(this.#next);
    if (this.#view === this.#next) return;
    this.#view = this.#next;
    for (const listener of this.#listeners) listener();
  }
}

/** Drops the pending messages that the stream shows by now. */
function withoutShown(view: ConversationView): ConversationView {
  if (view.pending.length === 0) return view;
  const shown = new Set(view.conversation.items.map((item) => (item.kind === "user_message" ? item.messageId : "")));
  const pending = view.pending.filter((message) => !shown.has(message.messageId));
  return pending.length === view.pending.length ? view : { ...view, pending };
}

function asHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError("something went wrong on this page", {
    code: "unexpected_response",
    status: 0,
    cause: error,
  });
}
