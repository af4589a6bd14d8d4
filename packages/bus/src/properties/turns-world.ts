import { deepEqual, equal, rejects } from "node:assert/strict";
import { isTerminal, mayBecome, newUuid, type OnBusy, type RunChange, type TerminalStatus } from "@holdfast/protocol";
import { inboxKey, metaKey, steerKey, unfinishedKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import type { NewMessage } from "../ports/conversations.ts";
import { Fenced } from "../ports/errors.ts";
import type { RunLease } from "../ports/runs.ts";
import { type BusLab, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";
import { tryToPark } from "../test-lab/parking.ts";
import { TurnsModel } from "./turns-model.ts";

export const AGENTS = ["assistant", "poet"] as const;
export const ENDINGS = ["complete", "exhaust", "fail", "cancel"] as const satisfies readonly RunChange[];
const STATUS_OF: Readonly<Record<(typeof ENDINGS)[number], TerminalStatus>> = {
  complete: "completed",
  exhaust: "incomplete",
  fail: "failed",
  cancel: "cancelled",
};

interface Worker {
  readonly bus: Bus;
  readonly leave: () => Promise<void>;
  lease: RunLease | undefined;
}

const WORKERS = 3;
const DEATHS = 5;

/** Processes to be: opening one takes longer than all that it does in a world. */
export function openPool(lab: BusLab): readonly Bus[] {
  return Array.from({ length: WORKERS + DEATHS + 1 }, () => lab.openBus());
}

/** One conversation on a real Redis with several workers, every step of which is held against the model. */
export class TurnsWorld {
  readonly #lab: BusLab;
  readonly #model = new TurnsModel();
  readonly #id = newUuid();
  readonly #sent: { readonly given: NewMessage; readonly runId: string }[] = [];
  readonly #workers: Worker[] = [];
  /** Leases whose owners died: what they still write is refused once the run was taken over. */
  readonly #zombies: RunLease[] = [];
  /** Run ids. */
  readonly #asked = new Set<string>();
  readonly #unborn: Bus[];
  #steps = 0;

  constructor(lab: BusLab, pool: readonly Bus[]) {
    this.#lab = lab;
    this.#unborn = [...pool];
  }

  async open(): Promise<void> {
    for (let at = 0; at < WORKERS; at += 1) this.#workers.push(await this.#join());
  }

  async accept(onBusy: OnBusy, agent: string): Promise<void> {
    const given = message(this.#id, `message ${this.#sent.length}`, { onBusy, agent });
    const accepted = await this.#bus.conversations.accept(given);
    const runId = "runId" in accepted ? runIdOf(accepted) : "";
    const expected = this.#model.accept(accepted.outcome === "busy" ? "" : runId, agent, onBusy);
    equal(accepted.outcome, expected);
    if (accepted.outcome === "accepted") this.#sent.push({ given, runId });
  }

  /** The same message again, from the gateway or from its queue entry. */
  async resend(pick: number, alreadyQueued: boolean): Promise<void> {
    const sent = this.#sent[pick % Math.max(1, this.#sent.length)];
    if (sent === undefined) return;
    const again = await this.#bus.conversations.accept({ ...sent.given, alreadyQueued });
    deepEqual(again, { outcome: "duplicate", runId: sent.runId, status: this.#model.runs.get(sent.runId)?.status });
  }

  async claim(worker: number, agent: string): Promise<void> {
    const claim = await this.#worker(worker).bus.runs.claim(this.#id, agent);
    const expected = this.#model.claim(worker, agent);
    equal(claim.outcome, expected.outcome);
    if (claim.outcome !== "claimed" || expected.outcome !== "claimed") return;
    const { run } = claim.lease;
    deepEqual([run.id, run.attempt], [expected.runId, expected.attempt]);
    this.#worker(worker).lease = claim.lease;
    if (!run.isTakeover) claim.lease.append({ event: "run", status: "in_progress", message_id: run.messageId });
    await claim.lease.flush();
  }

  async beginStep(): Promise<void> {
    const { lease } = this.#owner ?? {};
    if (lease === undefined) return;
    this.#steps += 1;
    const heard = (await lease.beginStep(this.#steps)).map(({ run_id }) => run_id);
    deepEqual(heard, this.#model.beginStep());
    // Asked again, as after a lost reply, it answers the same.
    deepEqual(
      (await lease.beginStep(this.#steps)).map(({ run_id }) => run_id),
      heard,
    );
  }

  /** Asks humans, once in each run. */
  async park(count: number): Promise<void> {
    const { lease, bus } = this.#owner ?? {};
    if (lease === undefined || bus === undefined || this.#asked.has(lease.run.id)) return;
    this.#asked.add(lease.run.id);
    const { outcome, ids } = await tryToPark(bus, lease, count);
    // The owner is who it was until then.
    if (outcome === "parked") this.#forget();
    equal(outcome, this.#model.park(ids));
    if (outcome === "parked") this.#zombies.push(lease);
  }

  async decide(pick: number, decision: "approve" | "reject"): Promise<void> {
    const ids = [...this.#model.questions.keys()];
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return;
    const { outcome } = await this.#bus.approvals.decide(id, { decision, by: "user:ann" });
    equal(outcome, this.#model.decide(id, decision));
  }

  async finish(ending: (typeof ENDINGS)[number]): Promise<void> {
    const { lease } = this.#owner ?? {};
    if (lease === undefined) return;
    await lease.finish({ ...COMPLETED, status: STATUS_OF[ending] });
    this.#forget();
    this.#model.finish(ending);
    this.#zombies.push(lease);
  }

  async giveBack(isFailure: boolean): Promise<void> {
    const { lease } = this.#owner ?? {};
    if (lease === undefined) return;
    if (isFailure) await lease.fail();
    else await lease.release();
    this.#forget();
    this.#model.giveBack();
  }

  /** Dies without a word; another process takes its place, while there are any. */
  async die(worker: number): Promise<void> {
    if (this.#unborn.length === 1) return;
    await this.#kill(worker);
    this.#workers[worker] = await this.#join();
  }

  async #kill(worker: number): Promise<void> {
    const { lease, leave } = this.#worker(worker);
    await leave();
    if (lease !== undefined) {
      this.#zombies.push(lease);
      this.#model.giveBack();
    }
  }

  async cancel(pick: number): Promise<void> {
    const sent = this.#sent[pick % Math.max(1, this.#sent.length)];
    if (sent === undefined) return;
    const cancelled = await this.#bus.conversations.cancelRun(sent.runId, "user:ann");
    equal(cancelled?.outcome, this.#model.cancel(sent.runId));
  }

  /** Somebody who lost the run, or ended it, tries to write and to end it again. */
  async haunt(pick: number): Promise<void> {
    const zombie = this.#zombies[pick % Math.max(1, this.#zombies.length)];
    if (zombie === undefined) return;
    const hasMovedOn = this.#model.owner !== undefined || this.#model.active !== zombie.run.id;
    if (!hasMovedOn) return;
    zombie.append({ event: "token", step: 0, index: 0, offset: 0, text: "from the grave" });
    await rejects(zombie.flush(), Fenced);
    await rejects(zombie.beginStep(0), Fenced);
  }

  /** Everybody dies, one worker comes and does what is left: then everything must be at its end. */
  async settle(): Promise<void> {
    for (const at of this.#workers.keys()) await this.#kill(at);
    this.#workers.splice(0, Infinity, await this.#join());
    for (let turns = 0; this.#model.active !== undefined || this.#model.inbox.length > 0; turns += 1) {
      if (turns > this.#sent.length) throw new Error("turns are left");
      for (const id of this.#model.waiting) {
        await this.#bus.approvals.decide(id, { decision: "approve", by: "user:ann" });
        this.#model.decide(id, "approve");
      }
      const next = this.#model.runs.get(this.#model.active ?? this.#model.inbox[0] ?? "");
      await this.claim(0, next?.agent ?? "");
      await this.beginStep();
      await this.finish("complete");
    }
    deepEqual(await this.#worker(0).bus.runs.claim(this.#id, AGENTS[0]), { outcome: "idle" });
    await this.#expectEnd();
    for (const worker of this.#workers) await worker.leave();
  }

  async #expectEnd(): Promise<void> {
    const { raw } = this.#lab;
    const entries = await raw.xrange(`stream:${this.#id}`, "-", "+");
    const seqs = entries.map(([entryId]) => Number(entryId.split("-")[1]));
    deepEqual(
      seqs,
      [...entries.keys()].map((at) => at + 1),
    );
    const events = await this.#lab.events(this.#id);
    const statuses = events.flatMap((event) => (event.event === "run" ? [[event.run_id, event.status] as const] : []));
    deepEqual(statuses, this.#model.log);
    for (const { given, runId } of this.#sent) {
      const own = statuses.filter(([id]) => id === runId).map(([, status]) => status);
      equal(own[0], "queued");
      for (const [at, status] of own.slice(1).entries()) equal(mayBecome(own[at] ?? "queued", status), true);
      equal(own.filter(isTerminal).length, 1);
      const told = events.filter((event) => event.event === "user_message" && event.message_id === given.envelope.id);
      equal(told.length, 1);
    }
    equal(await raw.exists(inboxKey(this.#id), steerKey(this.#id)), 0);
    const ofActive = await raw.hmget(metaKey(this.#id), "active", "owner", "fence", "run_seq", "run_cancel");
    deepEqual(ofActive, [null, null, null, null, null]);
    for (const agent of AGENTS) {
      const unfinished = await raw.zrange(unfinishedKey(agent), "0", "-1");
      deepEqual(
        unfinished.filter((member) => member.startsWith(this.#id)),
        [],
      );
    }
  }

  get #owner(): Worker | undefined {
    return this.#model.owner === undefined ? undefined : this.#worker(this.#model.owner);
  }

  #forget(): void {
    if (this.#owner) this.#owner.lease = undefined;
  }

  get #bus(): Bus {
    return this.#worker(0).bus;
  }

  #worker(at: number): Worker {
    const worker = this.#workers[at % this.#workers.length];
    if (worker === undefined) throw new Error("the world has no workers");
    return worker;
  }

  async #join(): Promise<Worker> {
    const bus = this.#unborn.shift();
    if (bus === undefined) throw new Error("nobody is left to be born");
    return { bus, leave: await bus.presence.join("worker", AGENTS), lease: undefined };
  }
}
