import type { JournalWrite } from "../ports/runs.ts";
import { journalFields } from "./lease-writes.ts";
import type { AppendedBatch } from "./unconfirmed-writes.ts";

/** What waits for the next write of a run. */
export class WriteBuffer {
  #payloads: string[] = [];
  #fields: string[] = [];
  #settle: (() => void) | undefined;
  /** Of payloads that are not confirmed, in flight or waiting. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.#payloads.length === 0 && this.#fields.length === 0;
  }

  add(payload: string): void {
    this.#payloads.push(payload);
    this.bytes += payload.length;
  }

  record(...fields: string[]): void {
    this.#fields.push(...fields);
  }

  journal(write: JournalWrite): void {
    this.record(...journalFields(write));
  }

  /** `settle` adds what has grown until the batch is taken, or until `settleNow`. */
  addLater(settle: () => void): void {
    this.settleNow();
    this.#settle = settle;
  }

  settleNow(): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.();
  }

  take(): AppendedBatch & { readonly bytes: number } {
    this.settleNow();
    const payloads = this.#payloads;
    const fields = this.#fields;
    this.#payloads = [];
    this.#fields = [];
    return { payloads, fields, bytes: payloads.reduce((sum, payload) => sum + payload.length, 0) };
  }
}
