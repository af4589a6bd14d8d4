/** A point at which something waits until the test lets it go on. */
export interface Gate {
  /** Lets everybody through, now and later. */
  open(): void;
  /** Resolves when somebody waits here for the first time. */
  readonly reached: Promise<void>;
  /** Resolves when the gate is open; waiting for it counts as reaching the gate. */
  pass(): Promise<void>;
}

export function gate(): Gate {
  const opened = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  return {
    open: opened.resolve,
    reached: reached.promise,
    pass() {
      reached.resolve();
      return opened.promise;
    },
  };
}
