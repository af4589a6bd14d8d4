import { isTerminal, type OnBusy, type RunChange, type RunStatus, statusAfter } from "@holdfast/protocol";

/** A run as the model knows it. */
interface ModelRun {
  readonly agent: string;
  status: RunStatus;
  attempt: number;
  isCancelled: boolean;
}

interface ModelQuestion {
  readonly runId: string;
  status: "requested" | "approve" | "reject" | "expired";
}

export type ModelClaim =
  | { readonly outcome: "claimed"; readonly runId: string; readonly attempt: number }
  | { readonly outcome: "held" | "parked" | "idle" | "handed_over" };

/**
 * One conversation in memory, as simply as its rules can be said: what every script of the bus must agree with. Statuses
 * change by the table of transitions and in no other way.
 */
export class TurnsModel {
  readonly runs = new Map<string, ModelRun>();
  /** Every status event, in order. */
  readonly log: (readonly [runId: string, status: RunStatus])[] = [];
  /** By approval id. */
  readonly questions = new Map<string, ModelQuestion>();
  inbox: string[] = [];
  steer: string[] = [];
  active: string | undefined;
  /** Undefined where the active run was given back, or has no owner that lives. */
  owner: number | undefined;

  accept(runId: string, agent: string, onBusy: OnBusy): "accepted" | "duplicate" | "busy" {
    if (this.runs.has(runId)) return "duplicate";
    if (onBusy === "reject" && (this.active !== undefined || this.inbox.length > 0)) return "busy";
    const active = this.#run(this.active);
    const isAtWork = active?.status === "in_progress" && !active.isCancelled;
    const isSteered = onBusy === "steer" && isAtWork && active.agent === agent;
    this.runs.set(runId, { agent, status: "queued", attempt: 0, isCancelled: false });
    this.log.push([runId, "queued"]);
    if (onBusy === "interrupt") this.#interrupt(runId);
    else if (isSteered) this.steer.push(runId);
    else this.inbox.push(runId);
    return "accepted";
  }

  claim(worker: number, agent: string): ModelClaim {
    if (this.owner !== undefined) return { outcome: "held" };
    const runId = this.active ?? this.inbox[0];
    const run = this.#run(runId);
    if (runId === undefined || run === undefined) return { outcome: "idle" };
    if (this.waiting.length > 0) return { outcome: "parked" };
    if (run.agent !== agent) return { outcome: "handed_over" };
    if (this.active === undefined) this.inbox.shift();
    this.active = runId;
    this.owner = worker;
    run.attempt += 1;
    this.#change(runId, "claim");
    return { outcome: "claimed", runId, attempt: run.attempt };
  }

  /** Answers the runs whose messages are newly heard. */
  beginStep(): string[] {
    if (this.#run(this.active)?.isCancelled) return [];
    const heard = this.steer;
    this.steer = [];
    for (const runId of heard) this.#change(runId, "steer");
    return heard;
  }

  /** Questions of the active run that nobody has decided yet. */
  get waiting(): string[] {
    const ofActive = [...this.questions].filter(([, { runId }]) => runId === this.active);
    return ofActive.filter(([, { status }]) => status === "requested").map(([id]) => id);
  }

  park(ids: readonly string[]): "parked" | "cancelled" {
    if (this.active === undefined) throw new Error("nothing is active");
    if (this.#run(this.active)?.isCancelled) return "cancelled";
    for (const id of ids) this.questions.set(id, { runId: this.active, status: "requested" });
    this.#change(this.active, "park");
    this.owner = undefined;
    return "parked";
  }

  decide(id: string, decision: "approve" | "reject"): "decided" | "repeated" | "conflict" | "expired" {
    const question = this.questions.get(id);
    if (question === undefined) throw new Error("nobody asked");
    if (question.status === "requested") {
      question.status = decision;
      return "decided";
    }
    if (question.status === "expired") return "expired";
    return question.status === decision ? "repeated" : "conflict";
  }

  finish(change: RunChange): void {
    if (this.active === undefined) throw new Error("nothing is active");
    this.#change(this.active, change);
    this.active = undefined;
    this.owner = undefined;
    this.#returnSteered();
  }

  giveBack(): void {
    if (this.active !== undefined) this.#change(this.active, "release");
    this.owner = undefined;
  }

  cancel(runId: string): "cancelled" | "requested" | "ended" {
    const run = this.#run(runId);
    if (run === undefined || isTerminal(run.status)) return "ended";
    if (run.status === "requires_action") {
      this.#endParked();
      return "cancelled";
    }
    if (runId === this.active) {
      run.isCancelled = true;
      return "requested";
    }
    this.inbox = this.inbox.filter((other) => other !== runId);
    this.steer = this.steer.filter((other) => other !== runId);
    this.#change(runId, "cancel");
    return "cancelled";
  }

  #run(runId: string | undefined): ModelRun | undefined {
    return runId === undefined ? undefined : this.runs.get(runId);
  }

  #interrupt(runId: string): void {
    const active = this.#run(this.active);
    this.#returnSteered();
    this.inbox.unshift(runId);
    if (active?.status === "requires_action") this.#endParked();
    else if (active) active.isCancelled = true;
  }

  /** Nobody owns a parked run: whoever cancels it ends it. */
  #endParked(): void {
    for (const id of this.waiting) this.questions.set(id, { runId: this.active ?? "", status: "expired" });
    if (this.active !== undefined) this.#change(this.active, "cancel");
    this.active = undefined;
    this.#returnSteered();
  }

  #returnSteered(): void {
    this.inbox = [...this.steer, ...this.inbox];
    this.steer = [];
  }

  #change(runId: string, change: RunChange): void {
    const run = this.runs.get(runId);
    const status = run && statusAfter(run.status, change);
    if (run === undefined || status === undefined) throw new Error(`${change} is impossible for ${run?.status}`);
    if (status !== run.status) this.log.push([runId, status]);
    run.status = status;
  }
}
