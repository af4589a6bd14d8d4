import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Admission, DEFAULT_ADMISSION } from "./admission.ts";

const never = new AbortController().signal;
let nowMs: number;

beforeEach(() => {
  nowMs = 1_000;
});

function admission(limits: Partial<typeof DEFAULT_ADMISSION>): Admission {
  return new Admission({ ...DEFAULT_ADMISSION, ...limits }, () => nowMs);
}

/** Who is in, by name, in order. */
function crowd(gate: Admission) {
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  const come = (name: string, conversation: string, signal = never) =>
    gate.enter(conversation, signal).then((left) => {
      inside.push(name);
      leave.set(name, left);
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { inside, leave, come, settled };
}

describe("[terminal.admission] commands", () => {
  it("run up to a number at once, the others in order when one ends", async () => {
    const { inside, leave, come, settled } = crowd(admission({ atOnce: 2 }));
    for (const name of ["a", "b", "c", "d"]) void come(name, name);
    await settled();
    expect(inside).toEqual(["a", "b"]);
    leave.get("b")?.();
    leave.get("b")?.();
    await settled();
    expect(inside).toEqual(["a", "b", "c"]);
  });

  it("of one conversation do not keep those of another waiting", async () => {
    const { inside, leave, come, settled } = crowd(admission({ atOncePerConversation: 1 }));
    void come("a1", "a");
    void come("a2", "a");
    void come("b1", "b");
    await settled();
    expect(inside).toEqual(["a1", "b1"]);
    leave.get("a1")?.();
    await settled();
    expect(inside).toEqual(["a1", "b1", "a2"]);
  });

  it("begin only so often in a minute, however short they are", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "performance"] });
    try {
      const { inside, leave, come, settled } = crowd(admission({ perMinutePerConversation: 2 }));
      for (const name of ["a1", "a2", "a3"]) {
        void come(name, "a");
        await settled();
        leave.get(name)?.();
      }
      expect(inside).toEqual(["a1", "a2"]);
      nowMs += 60_000;
      jest.advanceTimersByTime(60_000);
      await settled();
      expect(inside).toEqual(["a1", "a2", "a3"]);
    } finally {
      jest.useRealTimers();
    }
  });

  it("that are given up while they wait take no place", async () => {
    const { inside, leave, come, settled } = crowd(admission({ atOnce: 1 }));
    const abort = new AbortController();
    void come("a", "a");
    const given = come("b", "b", abort.signal);
    void come("c", "c");
    abort.abort(new Error("given up"));
    await expect(given).rejects.toThrow("given up");
    leave.get("a")?.();
    await settled();
    expect(inside).toEqual(["a", "c"]);
    await expect(come("d", "d", abort.signal)).rejects.toThrow("given up");
  });
});
