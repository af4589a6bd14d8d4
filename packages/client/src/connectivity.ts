/** What the browser knows of the network. Node knows nothing: there one is never offline. */

export function isOffline(): boolean {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  return navigator?.onLine === false;
}

type Listener = () => void;

/** Calls back when the network comes (`online`) or goes (`offline`); returns how to stop. */
export function onConnectivity(event: "online" | "offline", listener: Listener): () => void {
  const target = globalThis as {
    addEventListener?: (event: string, listener: Listener) => void;
    removeEventListener?: (event: string, listener: Listener) => void;
  };
  target.addEventListener?.(event, listener);
  return () => target.removeEventListener?.(event, listener);
}
