import { describe, expect, it } from "@jest/globals";
import { type FollowEnd, type FollowStatus, type Frame, type HoldfastClient, HoldfastError } from "@holdfast/client";
import { ConversationStore } from "./conversation-store.ts";

type Following = Parameters<HoldfastClient["follow"]>[1] & { end: (end: FollowEnd) => void };

/** A client whose stream and answers the test gives by hand. */
function scriptedClient() {
  const followings: Following[] = [];
  const answers: PromiseWithResolvers<Awaited<ReturnType<HoldfastClient["send"]>>>[] = [];
  const follow: HoldfastClient["follow"] = (_id, options) => {
    const { promise, resolve } = Promise.withResolvers<FollowEnd>();
    options.signal?.addEventListener("abort", () => resolve({ reason: "aborted" }));
    followings.push({ ...options, end: resolve });
    return promise;
  };
  const send: HoldfastClient["send"] = () => {
    const answer = Promise.withResolvers<Awaited<ReturnType<HoldfastClient["send"]>>>();
    answers.push(answer);
    return answer.promise;
  };
  const unused = () => Promise.reject(new Error("not scripted"));
  return { followings, answers, client: { follow, send, cancelRun: unused, decide: unused } };
}

function storeUnderTest() {
  const { followings, answers, client } = scriptedClient();
  const scheduled: (() => void)[] = [];
  const store = new ConversationStore("c", client, (publish) => scheduled.push(publish));
  const published: unknown[] = [];
  store.subscribe(() => published.push(store.getView()));
  const paint = () => {
    for (const publish of scheduled.splice(0)) publish();
  };
  return { store, followings, answers, published, scheduled, paint };
}

const message = (seq: number, messageId: string): Frame => ({
  id: `1-${seq}`,
  event: {
    event: "user_message",
    message_id: messageId,
    sender: "user:ada",
    content: messageId,
    created_at: "",
  } as Frame["event"],
});
const accepted = { message_id: "m", run_id: "r", conversation_id: "c", status: "queued" as const, stream_url: "" };
const shownIds = (store: ConversationStore) =>
  store.getView().conversation.items.map((item) => (item.kind === "user_message" ? item.messageId : item.kind));

describe("a conversation's store", () => {
  it("publishes once per painted frame, however many frames came", () => {
    const { store, followings, published, scheduled, paint } = storeUnderTest();
    store.open();
    published.length = 0;
    for (const seq of [1, 2, 3]) followings[0]?.onFrame(message(seq, `m${seq}`));
    expect([published.length, scheduled.length]).toEqual([0, 1]);
    paint();
    expect(published).toHaveLength(1);
    expect(shownIds(store)).toEqual(["m1", "m2", "m3"]);
  });

  it("follows once, and after closing resumes where it stopped", () => {
    const { store, followings, paint } = storeUnderTest();
    store.open();
    store.open();
    followings[0]?.onFrame(message(7, "m"));
    paint();
    store.close();
    expect([followings.length, followings[0]?.signal?.aborted, store.isOpen]).toEqual([1, true, false]);
    store.open();
    expect(followings[1]?.cursor).toBe("1-7");
  });

  it("shows a sent message at once, and gives it up for the real one of the same id", async () => {
    const { store, answers, followings, paint } = storeUnderTest();
    store.open();
    const sending = store.send({ messageId: "m", agent: "assistant", content: "Hi" });
    expect(store.getView().pending).toEqual([{ messageId: "m", content: "Hi", runId: null }]);
    answers[0]?.resolve(accepted);
    expect(await sending).toBeUndefined();
    expect(store.getView().pending).toEqual([{ messageId: "m", content: "Hi", runId: "r" }]);
    followings[0]?.onFrame(message(1, "m"));
    paint();
    expect([store.getView().pending, shownIds(store)]).toEqual([[], ["m"]]);
  });

  it("takes back a message that was refused, and tells why", async () => {
    const { store, answers } = storeUnderTest();
    const sending = store.send({ messageId: "m", agent: "assistant", content: "Hi" });
    answers[0]?.reject(new HoldfastError("no such agent", { code: "agent_not_found", status: 404 }));
    expect(await sending).toMatchObject({ code: "agent_not_found" });
    expect(store.getView().pending).toEqual([]);
  });

  it("passes on the connection's status, and the reason why a stream was refused", async () => {
    const { store, followings } = storeUnderTest();
    store.open();
    const seen: FollowStatus[] = [];
    store.subscribe(() => seen.push(store.getView().connection));
    followings[0]?.onStatus?.("live");
    followings[0]?.onStatus?.("reconnecting");
    expect(seen).toEqual(["live", "reconnecting"]);
    const error = new HoldfastError("deleted", { code: "conversation_deleted", status: 410 });
    followings[0]?.end({ reason: "refused", error });
    await Promise.resolve();
    expect([store.getView().problem, store.isOpen]).toEqual([error, false]);
    store.open();
    expect(store.getView().problem).toBeNull();
  });
});
