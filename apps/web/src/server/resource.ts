import { HoldfastError } from "@holdfast/client";

/**
 * Something the server tells on request, kept for `useSyncExternalStore`. A failed refresh keeps what was known and is
 * tried again soon; only the newest refresh counts.
 */
export interface ResourceView<Data> {
  readonly data: Data | null;
  readonly error: HoldfastError | null;
  /** Refreshes that failed in a row. */
  readonly failures: number;
}

export interface ResourceOptions<Data> {
  readonly load: (signal: AbortSignal) => Promise<Data>;
  readonly retryMs: number;
}

export class Resource<Data> {
  readonly #options: ResourceOptions<Data>;
  readonly #listeners = new Set<() => void>();
  #view: ResourceView<Data> = { data: null, error: null, failures: 0 };
  #loading: AbortController | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ResourceOptions<Data>) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getView = (): ResourceView<Data> => this.#view;

  async refresh(): Promise<void> {
    this.#loading?.abort();
    clearTimeout(this.#retry);
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const data = await this.#options.load(loading.signal);
      if (!loading.signal.aborted) this.#publish({ data, error: null, failures: 0 });
    } catch (error) {
      if (loading.signal.aborted) return;
      if (!(error instanceof HoldfastError)) throw error;
      this.#publish({ data: this.#view.data, error, failures: this.#view.failures + 1 });
      this.#retry = setTimeout(() => void this.refresh(), this.#options.retryMs);
    }
  }

  #publish(view: ResourceView<Data>): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
