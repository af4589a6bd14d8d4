import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "@jest/globals";
import { follow, type FollowOptions, type FollowStatus } from "./follow.ts";
import type { Frame } from "./frame.ts";
import { reduce } from "./reduce.ts";
import { answerText, runsOf } from "./selectors.ts";
import { emptyConversation } from "./state.ts";
import { asked, logOf, output, RUN, status, token } from "./fixtures/log-builder.ts";
import {
  type Answer,
  answerJson,
  openStream,
  type ScriptedServer,
  startScriptedServer,
} from "./fixtures/scripted-server.ts";

const TEXT = "Grüße 😀 from the log";
const LOG = logOf(
  asked(),
  status("in_progress"),
  ...Array.from(TEXT, (_, index) => Array.from(TEXT).slice(0, index).join("").length).map((offset, index) =>
    token(offset, Array.from(TEXT)[index] ?? ""),
  ),
  output(TEXT),
  status("completed"),
);

let server: ScriptedServer | undefined;
afterEach(() => server?.close());

/** The log strictly after `Last-Event-ID`, as the gateway gives it. */
function replay(response: ServerResponse, lastEventId: string | undefined, count = LOG.length): void {
  const start = LOG.findIndex((frame) => frame.id === lastEventId) + 1;
  for (const { id, event } of LOG.slice(start, start + count)) {
    response.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
  }
}

/** Sends `count` frames and breaks the connection in the middle of the next one. */
const breakAfter =
  (count: number): Answer =>
  (request, response) => {
    openStream(response);
    replay(response, request.headers["last-event-id"] as string | undefined, count);
    response.write('id: 1-999\ndata: {"event":"tok', () => response.destroy());
  };

async function read(options: Partial<FollowOptions>, ...answers: Answer[]) {
  server = await startScriptedServer(...answers);
  const frames: Frame[] = [];
  const statuses: FollowStatus[] = [];
  const end = await follow({
    url: `${server.url}/stream`,
    runId: RUN,
    onFrame: (frame) => frames.push(frame),
    onStatus: (next) => statuses.push(next),
    ...options,
  });
  return { end, frames, statuses, requests: server.requests };
}

const queryOf = (url: string | undefined) => new URL(url ?? "", "http://x").searchParams;

describe("follow", () => {
  it("[client.follow] ends with the exact text over connections that keep breaking", async () => {
    const { end, frames, statuses, requests } = await read(
      {},
      breakAfter(1),
      breakAfter(4),
      breakAfter(0),
      breakAfter(7),
      breakAfter(99),
    );
    expect(end).toEqual({ reason: "complete" });
    expect(frames.map((frame) => frame.id)).toEqual(LOG.map((frame) => frame.id));
    const [run] = runsOf(frames.reduce(reduce, emptyConversation));
    expect(run && answerText(run)).toBe(TEXT);
    expect(requests.map((request) => request.headers["last-event-id"])).toEqual([
      undefined,
      LOG[0]?.id,
      LOG[4]?.id,
      LOG[4]?.id,
      LOG[11]?.id,
    ]);
    expect(statuses.slice(0, 3)).toEqual(["live", "reconnecting", "live"]);
  });

  it("starts after the given cursor: an entry id as Last-Event-ID, anything else as ?after=", async () => {
    const done: Answer = (_request, response) => void response.writeHead(204).end();
    const byId = await read({ cursor: "17-4" }, done);
    expect(byId.requests[0]?.headers["last-event-id"]).toBe("17-4");
    await server?.close();
    const fromNow = await read({ cursor: "$" }, done);
    expect(queryOf(fromNow.requests[0]?.url).get("after")).toBe("$");
    expect(queryOf(fromNow.requests[0]?.url).get("run_id")).toBe(RUN);
    expect(fromNow.end).toEqual({ reason: "complete" });
  });

  it("hands resets over and goes on from their id", async () => {
    const reset: Answer = (_request, response) => {
      openStream(response);
      const event = { event: "reset", conversation_id: "c", reason: "epoch", snapshot_url: "/x" };
      response.write(`id: 9-0\ndata: ${JSON.stringify(event)}\n\n`, () => response.destroy());
    };
    const { frames, requests } = await read(
      { cursor: "8-12" },
      reset,
      (_request, response) => void response.writeHead(204).end(),
    );
    expect(frames).toMatchObject([{ id: "9-0", event: { event: "reset" } }]);
    expect(requests[1]?.headers["last-event-id"]).toBe("9-0");
  });

  it.each([404, 410, 400])("stops at %i with the server's problem", async (refusal) => {
    const problem = {
      type: "about:blank",
      title: "No",
      status: refusal,
      detail: "gone for good",
      code: "conversation_deleted",
    };
    const { end, requests } = await read({}, (_request, response) => answerJson(response, refusal, problem));
    expect(end).toMatchObject({
      reason: "refused",
      error: { status: refusal, code: "conversation_deleted", message: "gone for good" },
    });
    expect(requests).toHaveLength(1);
  });

  it("goes on through 503, refused connections and pages that are no stream, and says offline after several failures", async () => {
    const away: Answer = (_request, response) => answerJson(response, 503, {}, { "retry-after": "0" });
    const portal: Answer = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>");
    const hangUp: Answer = (request) => void request.socket.destroy();
    const { end, statuses } = await read({ maxBackoffMs: 5 }, away, portal, hangUp, hangUp, away, breakAfter(99));
    expect(end).toEqual({ reason: "complete" });
    expect(statuses).toEqual(["reconnecting", "offline", "live"]);
  });

  it("gives up a connection that has fallen silent, but not one that only sends heartbeats", async () => {
    const beating: Answer = (_request, response) => {
      openStream(response);
      const timer = setInterval(() => response.write(": hb\n\n"), 20);
      setTimeout(() => {
        clearInterval(timer);
        response.write(`id: ${LOG[0]?.id}\ndata: ${JSON.stringify(LOG[0]?.event)}\n\n`);
      }, 400);
    };
    const { end, requests } = await read({ silenceMs: 200 }, beating, breakAfter(99));
    expect(end).toEqual({ reason: "complete" });
    // Silence ended the first connection only after its frame had come through.
    expect(requests.map((request) => request.headers["last-event-id"])).toEqual([undefined, LOG[0]?.id]);
  });

  it("ends at once when it is aborted, connected or waiting", async () => {
    const controller = new AbortController();
    const abortOnFrame = () => controller.abort();
    const connected = await read({ signal: controller.signal, onFrame: abortOnFrame }, breakAfter(2));
    expect(connected.end).toEqual({ reason: "aborted" });
    await server?.close();

    const waiting = new AbortController();
    const onStatus = () => waiting.abort();
    const refused: Answer = (_request, response) => answerJson(response, 503, {}, { "retry-after": "3600" });
    expect((await read({ signal: waiting.signal, onStatus }, refused)).end).toEqual({ reason: "aborted" });
  });

  it("rejects with what the receiver of a frame throws", async () => {
    const onFrame = () => {
      throw new Error("no room");
    };
    await expect(read({ onFrame }, breakAfter(2))).rejects.toThrow("no room");
  });
});
