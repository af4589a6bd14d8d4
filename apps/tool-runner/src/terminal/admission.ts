/**
 * How many commands run at once, in all and for one conversation, and how many may begin in a minute for one conversation.
 * Whoever has to wait is let in by order of arrival, past those whose conversation is still over its share; nobody is turned
 * away here, because a caller that waits too long gives its call up by itself.
 */
export interface AdmissionLimits {
  readonly atOnce: number;
  readonly atOncePerConversation: number;
  /** Begun in any minute. */
  readonly perMinutePerConversation: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = {
  atOnce: 16,
  atOncePerConversation: 4,
  perMinutePerConversation: 120,
};

const MINUTE_MS = 60_000;

interface Waiting {
  readonly conversationId: string;
  readonly letIn: () => void;
}

interface Share {
  running: number;
  /** When calls of the last minute began, oldest first. */
  begun: number[];
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #shares = new Map<string, Share>();
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get isFull(): boolean {
    return this.#running >= this.#limits.atOnce;
  }

  /** Resolves with what is to be called when the command has ended; rejects with the signal's reason. */
  async enter(conversationId: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        reject(signal.reason as Error);
      };
      const letIn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const waiting = { conversationId, letIn };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiting);
      this.#letIn();
    });
    let hasLeft = false;
    return () => {
      if (!hasLeft) this.#leave(conversationId);
      hasLeft = true;
    };
  }

  #letIn(): void {
    clearTimeout(this.#timer);
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting) {
      if (this.#running >= this.#limits.atOnce) return;
      const delayMs = this.#delayOf(waiting.conversationId);
      if (delayMs === 0) this.#admit(waiting);
      else soonestMs = Math.min(soonestMs, delayMs);
    }
    // Those that wait for one to end are looked at when it does.
    if (Number.isFinite(soonestMs)) this.#timer = setTimeout(() => this.#letIn(), soonestMs).unref();
  }

  /** 0: now. Infinity: when another of the conversation ends. */
  #delayOf(conversationId: string): number {
    const share = this.#shares.get(conversationId);
    if (!share) return 0;
    if (share.running >= this.#limits.atOncePerConversation) return Number.POSITIVE_INFINITY;
    const nowMs = this.#now();
    share.begun = share.begun.filter((atMs) => nowMs - atMs < MINUTE_MS);
    const [oldest] = share.begun.slice(-this.#limits.perMinutePerConversation);
    return oldest === undefined || share.begun.length < this.#limits.perMinutePerConversation
      ? 0
      : Math.max(1, oldest + MINUTE_MS - nowMs);
  }

  #admit(waiting: Waiting): void {
    const share = this.#shares.get(waiting.conversationId) ?? { running: 0, begun: [] };
    this.#shares.set(waiting.conversationId, share);
    share.running += 1;
    share.begun.push(this.#now());
    this.#running += 1;
    this.#waiting.delete(waiting);
    waiting.letIn();
  }

  #leave(conversationId: string): void {
    const share = this.#shares.get(conversationId);
    this.#running -= 1;
    if (share) share.running -= 1;
    this.#forgetIdle();
    this.#letIn();
  }

  /** A conversation without a command in the last minute needs no share. */
  #forgetIdle(): void {
    const nowMs = this.#now();
    for (const [id, { running, begun }] of this.#shares) {
      if (running === 0 && nowMs - (begun.at(-1) ?? 0) >= MINUTE_MS) this.#shares.delete(id);
    }
  }
}
