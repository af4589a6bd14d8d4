import { approvalsKey } from "../keys.ts";
import { leaveIndex } from "../approvals/waiting-index.ts";
import { type Commands, text } from "../connection/commands.ts";
import type { CallQuestion, CallQuestions, EventDraft, RunLease } from "../ports/runs.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { insist } from "./insist.ts";
import type { OwnerWrites, RunKeys } from "./owner-writes.ts";
import { isOverdue, pointAt, undated } from "./park-run.ts";
import type { RunEvents } from "./run-events.ts";

interface OfRun {
  readonly lease: Pick<RunLease, "run" | "attempt" | "flush">;
  readonly keys: RunKeys;
  readonly writes: OwnerWrites;
  readonly events: RunEvents;
}

/**
 * What the calls of a run ask humans while they run. The run is not parked for it: the call lives in a process that waits.
 * So its questions end with it, and at the latest with the run, whoever owns that by then. Their events stand outside the
 * run-sequence, as those of decisions do: sent again they are found asked, and are none of what a failover has repaired.
 */
export class RunQuestions implements CallQuestions {
  readonly #commands: Commands;
  readonly #upkeep: Upkeep;
  readonly #of: OfRun;
  #mayBeOpen: boolean;

  constructor(commands: Commands, upkeep: Upkeep, of: OfRun) {
    this.#commands = commands;
    this.#upkeep = upkeep;
    this.#of = of;
    this.#mayBeOpen = of.lease.run.hasQuestions;
  }

  async ask({ asked, callId }: CallQuestion): Promise<"asked" | "cancelled"> {
    const { lease, writes, events } = this.#of;
    const { run } = lease;
    await lease.flush();
    const point = () => pointAt(this.#commands, [{ asked }], run, this.#upkeep.newPointerMs);
    await insist(point, () => writes.lost);
    this.#mayBeOpen = true;
    const question: EventDraft = { event: "approval", ...asked, kind: "question", status: "requested" };
    const ends = undated(events.payload({ ...question, status: "expired" }, lease.attempt));
    const args = () => [asked.approval_id, events.payload(question, lease.attempt), ends, callId];
    const reply = await writes.ask({ script: "ask-4", keys: this.#keys, args, isDurable: true });
    if (text(reply[0]) === "CANCELLED") {
      await leaveIndex(this.#commands, run.conversationId, asked.approval_id);
      return "cancelled";
    }
    // One that was overdue before it stood anywhere may have left the index meanwhile.
    if (isOverdue([{ asked }])) await insist(point, () => undefined);
    return "asked";
  }

  async close(callId = ""): Promise<void> {
    await this.#close([callId]);
  }

  async withdraw(callId: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#close([callId, ...ids]);
  }

  async #close(which: readonly string[]): Promise<void> {
    if (!this.#mayBeOpen) return;
    await this.#of.lease.flush();
    const args = () => [new Date().toISOString(), ...which];
    const reply = await this.#of.writes.ask({ script: "close-questions-4", keys: this.#keys, args });
    // A hint, tidied by who reads it.
    await leaveIndex(this.#commands, this.#of.lease.run.conversationId, text(reply[1])).catch(() => undefined);
  }

  get #keys(): readonly string[] {
    return [...this.#of.keys, approvalsKey(this.#of.lease.run.conversationId)];
  }
}
