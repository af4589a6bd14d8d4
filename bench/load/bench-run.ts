import { Meter } from "../measure/meter.ts";
import type { Adapter, SharedConversations } from "./adapters/adapter.ts";
import { adapterNamed } from "./adapters/named.ts";
import type { Job } from "./job.ts";
import { Recorder } from "./recorder.ts";

/** What every kind of work needs of its job. */
export class BenchRun {
  readonly job: Job;
  #answers = 0;

  constructor(job: Job) {
    this.job = job;
  }

  /** A recorder of its own and the system as it is spoken to with it. */
  phase(): { recorder: Recorder; adapter: Adapter } {
    const recorder = new Recorder();
    return { recorder, adapter: adapterNamed(this.job.system, this.job.url, recorder) };
  }

  /** Throws where the system has no conversations to share. */
  sharedPhase(): { recorder: Recorder; shared: SharedConversations } {
    const { recorder, adapter } = this.phase();
    if (!adapter.shared) throw new Error(`${this.job.system} has no conversation that others can read`);
    return { recorder, shared: adapter.shared };
  }

  meter(): Meter {
    return new Meter(this.job.processes, [...this.job.bench, process.pid]);
  }

  /** Names a request at the model. */
  nextTag(): string {
    this.#answers += 1;
    return `${this.job.tag}-${this.#answers - 1}`;
  }
}
