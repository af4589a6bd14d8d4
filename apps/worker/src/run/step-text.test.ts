import type { EventDraft, RunLease } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { StepText } from "./step-text.ts";

/** Only what StepText uses of a lease: a list of what was appended. */
function recorded(left?: string) {
  const appended: (EventDraft | { superseded: number; cause: string })[] = [];
  const lease = {
    append: (event: EventDraft) => void appended.push(event),
    supersede: (superseded: number, cause: string) => void appended.push({ superseded, cause }),
  } as unknown as RunLease;
  return { appended, text: new StepText(lease, 2, left) };
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
