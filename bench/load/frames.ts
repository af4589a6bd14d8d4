/** Cuts an event stream into its events, each without the blank line that ends it. */
export class FrameSplitter {
  #rest = "";

  feed(text: string, onFrame: (frame: string) => void): void {
    const whole = this.#rest === "" ? text : this.#rest + text;
    let at = 0;
    for (let end = whole.indexOf("\n\n"); end !== -1; end = whole.indexOf("\n\n", at)) {
      onFrame(whole.slice(at, end));
      at = end + 2;
    }
    this.#rest = whole.slice(at);
  }
}

/** Value of a JSON string field that needs no unescaping, without parsing the JSON; undefined where there is none. */
export function plainField(frame: string, name: string): string | undefined {
  const key = `"${name}":"`;
  const at = frame.indexOf(key);
  if (at === -1) return undefined;
  const from = at + key.length;
  return frame.slice(from, frame.indexOf('"', from));
}

/** Value of the `id:` line, which is the first of its event; undefined where there is none. */
export function idOf(frame: string): string | undefined {
  if (!frame.startsWith("id: ")) return undefined;
  const end = frame.indexOf("\n");
  return frame.slice(4, end === -1 ? undefined : end);
}

/** Value of the `data:` line; empty where there is none. */
export function dataOf(frame: string): string {
  const at = frame.startsWith("data: ") ? 0 : frame.indexOf("\ndata: ") + 1;
  return at === 0 && !frame.startsWith("data: ") ? "" : frame.slice(at + 6);
}
