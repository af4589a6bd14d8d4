import { expect, it } from "@jest/globals";
import { stampOf } from "../stamp.ts";
import { Chat } from "./chat.ts";
import { Recorder } from "./recorder.ts";

const TEXT = [0, 1, 2].map((sequence) => stampOf(sequence, 1_000)).join("");

it("tokens are counted and timed however their text is cut", () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const recorder = new Recorder();
    const chat = new Chat("", 3, recorder);
    chat.take(TEXT.slice(0, cut), 1_500);
    chat.take(TEXT.slice(cut), 1_500);
    chat.finish("complete");
    expect(chat).toMatchObject({ garbled: 0, end: "complete" });
    expect(chat.ledger).toMatchObject({ lost: 0, duplicated: 0 });
    expect(recorder.latencies.summary()).toMatchObject({ count: 3, max: 500 });
    expect(recorder.firstTokens.count).toBe(1);
  }
});

it("text that is not the model's is garbled", () => {
  const chat = new Chat("", 3, new Recorder());
  chat.take(`x${TEXT}`, 1_500);
  chat.finish("complete");
  expect(chat.garbled).toBeGreaterThan(0);
  expect(chat.ledger.lost).toBe(3);
});

it("what is taken back may be said again", () => {
  const chat = new Chat("", 3, new Recorder());
  chat.take(TEXT.slice(0, 45), 1_500);
  chat.withdraw(0);
  chat.take(TEXT, 1_600);
  chat.finish("complete");
  expect(chat).toMatchObject({ garbled: 0 });
  expect(chat.ledger).toMatchObject({ lost: 0, duplicated: 0, withdrawn: 2 });
});

it("the first end counts", async () => {
  const chat = new Chat("", 1, new Recorder());
  chat.finish("complete");
  chat.finish("broken");
  expect(await chat.ended).toBe("complete");
});
