import type { EventDraft, RunLease } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { StepText } from "./step-text.ts";

/** Only what StepText uses of a lease: a list of what was appended. Writes leave at once, or when `leave` is called. */
function recorded(left?: string, { isAtOnce = true } = {}) {
  const appended: (EventDraft | { superseded: number; cause: string })[] = [];
  let waiting: (() => void) | undefined;
  const leave = () => {
    const settle = waiting;
    waiting = undefined;
    settle?.();
  };
  const put = (event: (typeof appended)[number]) => {
    leave();
    appended.push(event);
  };
  const lease = {
    append: put,
    appendLater: (settle: () => void) => {
      leave();
      waiting = settle;
      if (isAtOnce) leave();
    },
    supersede: (superseded: number, cause: string) => put({ superseded, cause }),
  } as unknown as RunLease;
  return { appended, leave, text: new StepText(lease, 2, left) };
}

it("counts index and offset per channel", () => {
  const { appended, text } = recorded();
  text.write("reasoning", "hm");
  text.write("text", "He");
  text.write("reasoning", "m");
  text.write("text", "llo");
  expect(appended).toEqual([
    { event: "token", step: 2, index: 0, offset: 0, text: "hm", channel: "reasoning" },
    { event: "token", step: 2, index: 0, offset: 0, text: "He" },
    { event: "token", step: 2, index: 1, offset: 2, text: "m", channel: "reasoning" },
    { event: "token", step: 2, index: 1, offset: 2, text: "llo" },
  ]);
  expect(text.close({ announce: true })).toBe("Hello");
});

it("makes one token of what is said until a write leaves, and keeps the order of channels", () => {
  const { appended, leave, text } = recorded(undefined, { isAtOnce: false });
  for (const piece of ["a", "b", "c"]) text.write("reasoning", piece);
  for (const piece of ["d", "e"]) text.write("text", piece);
  expect(text.shown).toBe("de");
  leave();
  text.write("text", "f");
  expect(text.close({ announce: true })).toBe("def");
  leave();
  expect(appended).toEqual([
    { event: "token", step: 2, index: 0, offset: 0, text: "abc", channel: "reasoning" },
    { event: "token", step: 2, index: 0, offset: 0, text: "de" },
    { event: "token", step: 2, index: 1, offset: 2, text: "f" },
  ]);
});

it("withdraws a broken sample after all that was said of it", () => {
  const { appended, leave, text } = recorded(undefined, { isAtOnce: false });
  text.write("text", "old");
  text.restart("model_retry");
  text.write("text", "new");
  leave();
  expect(appended).toEqual([
    { event: "token", step: 2, index: 0, offset: 0, text: "old" },
    { superseded: 2, cause: "model_retry" },
    { event: "token", step: 2, index: 0, offset: 0, text: "new" },
  ]);
});

it("lets no token grow without an end while nothing leaves", () => {
  const { appended, leave, text } = recorded(undefined, { isAtOnce: false });
  for (let at = 0; at < 10; at += 1) text.write("text", "x".repeat(1_000));
  expect(appended).toHaveLength(2);
  leave();
  const tokens = appended.flatMap((event) => ("text" in event ? [event.text] : []));
  expect(tokens.join("")).toHaveLength(10_000);
});

it("never cuts a surrogate pair in two", () => {
  const { appended, text } = recorded();
  const [high, low] = ["😀".charAt(0), "😀".charAt(1)];
  text.write("text", `a${high}`);
  text.write("text", `${low}b`);
  expect(appended).toMatchObject([
    { text: "a", offset: 0 },
    { text: "😀b", offset: 1 },
  ]);
});

it("writes half a character that stays alone as a replacement character", () => {
  const { appended, text } = recorded();
  text.write("text", `a${"😀".charAt(0)}`);
  expect(text.close({ announce: false })).toBe("a\uFFFD");
  expect(appended.at(-1)).toMatchObject({ text: "\uFFFD", offset: 1, index: 1 });
});

it("withdraws a broken sample only when the new one says something", () => {
  const { appended, text } = recorded();
  text.write("text", "old words");
  text.restart("model_retry");
  expect(text.shown).toBe("old words");
  expect(appended).toHaveLength(1);
  text.write("text", "new");
  expect(text.shown).toBe("new");
  expect(appended.slice(1)).toEqual([
    { superseded: 2, cause: "model_retry" },
    { event: "token", step: 2, index: 0, offset: 0, text: "new" },
  ]);
});

it("withdraws nothing where a sample broke before its first word", () => {
  const { appended, text } = recorded();
  text.restart("model_retry");
  text.write("text", "new");
  expect(appended).toHaveLength(1);
});

it("keeps the shown sample through a second break that said nothing", () => {
  const { appended, text } = recorded();
  text.write("text", "old");
  text.restart("model_retry");
  text.restart("model_retry");
  expect(text.shown).toBe("old");
  text.close({ announce: false });
  expect(appended.at(-1)).toEqual({ superseded: 2, cause: "model_retry" });
});

it("makes a step that said nothing known where that is asked for", () => {
  const { appended, text } = recorded();
  expect(text.close({ announce: true })).toBe("");
  expect(appended).toEqual([{ event: "token", step: 2, index: 0, offset: 0, text: "" }]);
});

const takeover = { event: "attempt", step: 2, cause: "takeover" };

it("withdraws what an earlier attempt left with its own announcement, right before the first word", () => {
  const { appended, text } = recorded("left");
  expect(text.shown).toBe("left");
  text.write("text", "new");
  text.keepShown();
  expect(text.shown).toBe("new");
  expect(appended).toEqual([
    { ...takeover, mode: "supersede", keep_offset: 0 },
    { event: "token", step: 2, index: 0, offset: 0, text: "new" },
  ]);
});

it("keeps what an earlier attempt left until there is a word, and then restarts", () => {
  const { appended, text } = recorded("left");
  text.keepShown();
  text.keepShown();
  text.restart("model_retry");
  expect(text.shown).toBe("left");
  expect(appended).toEqual([{ ...takeover, mode: "continue", keep_offset: 4 }]);
  text.write("text", "new");
  expect(appended.slice(1)).toEqual([
    { superseded: 2, cause: "model_retry" },
    { event: "token", step: 2, index: 0, offset: 0, text: "new" },
  ]);
});
