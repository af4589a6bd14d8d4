import { describe, expect, it } from "@jest/globals";
import { ApprovalEvent, ApprovalList, type FormSchema, newUuid, Run, Snapshot } from "@holdfast/protocol";
import request from "supertest";
import { gatewayLab, parked } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();

const decide = (url: string, id: string, body: object) => request(url).post(`/v1/approvals/${id}`).send(body);

async function codeOf(url: string, id: string, body: object) {
  const { status, body: problem } = await decide(url, id, body);
  return `${status} ${problem.code}`;
}

const FORM = {
  type: "object" as const,
  properties: { name: { type: "string" as const }, count: { type: "integer" as const, default: 2 } },
  required: ["name"],
};

/** A run in work, a call of which asks. */
async function asking(form: FormSchema = FORM, expiresInMs = 60_000) {
  const conversationId = newUuid();
  const runId = await lab.send(conversationId);
  const lease = await lab.claim(conversationId);
  const callId = lab.bus.toolCalls.callId(runId, 0, 0);
  const id = lab.bus.toolJournal.questionId(callId, 0);
  const call = { tool_call_id: "call_1", name: "shop__order", args: {}, args_sha256: "a".repeat(64) };
  const expires_at = new Date(Date.now() + expiresInMs).toISOString();
  const asked = { ...call, approval_id: id, expires_at, message: "Who?", requested_schema: form, toolset: "shop" };
  await lease.questions.ask({ callId, asked });
  return { conversationId, lease, callId, id };
}

describe("approvals", () => {
  it("[http.approvals] are listed while they wait, with what a human must know", async () => {
    const { url } = await lab.gateway();
    const { conversationId, runId, id } = await parked(lab);
    const body = ApprovalList.parse((await request(url).get("/v1/approvals?status=requested&limit=200")).body);
    const own = body.data.filter(({ conversation_id }) => conversation_id === conversationId);
    expect(own).toMatchObject([
      {
        event: "approval",
        approval_id: id,
        run_id: runId,
        status: "requested",
        name: "files__write",
        args: { path: "x" },
      },
    ]);
    const snapshot = Snapshot.parse((await request(url).get(`/v1/conversations/${conversationId}`)).body);
    expect(snapshot).toMatchObject({ active_run: { status: "requires_action" }, approvals: own });
    const run = Run.parse((await request(url).get(`/v1/runs/${runId}`)).body);
    expect(run).toMatchObject({ status: "requires_action", approvals: own });
    await decide(url, id, { decision: "reject" }).expect(200);
    const left = ApprovalList.parse((await request(url).get("/v1/approvals?limit=200")).body);
    expect(left.data.map(({ approval_id }) => approval_id)).not.toContain(id);
  });

  it("[http.approvals] are decided once: the same again is 200 with the same answer, another 409, an unknown 404", async () => {
    const { url } = await lab.gateway();
    const { id } = await parked(lab);
    const first = await decide(url, id, { decision: "approve", comment: "go on" });
    expect([first.status, ApprovalEvent.parse(first.body)]).toMatchObject([
      200,
      { approval_id: id, status: "approved", comment: "go on", decided_by: expect.stringMatching(/^user:/) },
    ]);
    const again = await decide(url, id, { decision: "approve" });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const other = await decide(url, id, { decision: "reject" });
    expect([other.status, other.body.code]).toEqual([409, "approval_conflict"]);
    const unknown = await decide(url, newUuid(), { decision: "approve" });
    expect([unknown.status, unknown.body.code]).toEqual([404, "approval_not_found"]);
  });

  it("[http.approvals] that ended by themselves are 409 approval_expired", async () => {
    const { url } = await lab.gateway();
    const { id, runId } = await parked(lab);
    await request(url).post(`/v1/runs/${runId}/cancel`).expect(202);
    const late = await decide(url, id, { decision: "approve" });
    expect([late.status, late.body.code]).toEqual([409, "approval_expired"]);
  });

  it("[question.content] take content where it is asked for, and only what fits", async () => {
    const { url } = await lab.gateway();
    const { conversationId, id } = await asking();
    const refused = async (body: object, of = id) => {
      const { status, body: problem } = await decide(url, of, body);
      return [status, problem.code, (problem.errors as { path: string }[]).map(({ path }) => path)];
    };
    expect(await refused({ decision: "approve" })).toEqual([400, "invalid_request", ["content.name"]]);
    expect(await refused({ decision: "approve", content: "Ann" })).toEqual([400, "invalid_request", ["content"]]);
    expect(await refused({ decision: "approve", content: { name: 1, x: "" } })).toEqual([
      400,
      "invalid_request",
      ["content.x", "content.name"],
    ]);
    const answer = { decision: "approve", content: { name: "Ann" } };
    const first = await decide(url, id, answer).expect(200);
    expect(first.body).toMatchObject({ kind: "question", status: "approved" });
    expect(JSON.stringify(first.body)).not.toContain('"Ann"');
    const again = await decide(url, id, answer);
    expect([again.status, again.body]).toEqual([200, first.body]);
    // A default is no answer: to leave its field out is another answer than to say it.
    for (const content of [{ name: "Bob" }, { name: "Ann", count: 2 }])
      expect(await codeOf(url, id, { decision: "approve", content })).toBe("409 approval_conflict");
    expect(await lab.bus.approvals.answerOf(conversationId, id)).toEqual({
      status: "approved",
      content: { name: "Ann" },
    });
  });

  it("[question.content] may be left out where the form requires nothing, and is the same answer as an empty one", async () => {
    const { url } = await lab.gateway();
    const { conversationId, id } = await asking({ type: "object", properties: { count: { type: "integer" } } });
    const first = await decide(url, id, { decision: "approve" }).expect(200);
    for (const body of [{ decision: "approve" }, { decision: "approve", content: {} }]) {
      const again = await decide(url, id, body);
      expect([again.status, again.body]).toEqual([200, first.body]);
    }
    expect(await lab.bus.approvals.answerOf(conversationId, id)).toEqual({ status: "approved", content: {} });
  });

  it("[question.content] that does not fit is refused by field only while the question waits", async () => {
    const { url } = await lab.gateway();
    const misfits = [{ decision: "approve" }, { decision: "approve", content: { name: 1 } }];
    const codes = async (id: string) => {
      const all = [...misfits, { decision: "approve", content: "x" }].map((body) => codeOf(url, id, body));
      return new Set(await Promise.all(all));
    };
    const answered = await asking();
    await decide(url, answered.id, { decision: "approve", content: { name: "Ann" } }).expect(200);
    expect(await codes(answered.id)).toEqual(new Set(["409 approval_conflict"]));
    const closed = await asking();
    await closed.lease.questions.close(closed.callId);
    expect(await codes(closed.id)).toEqual(new Set(["409 approval_expired"]));
    const late = await asking(FORM, -1);
    expect(await codes(late.id)).toEqual(new Set(["409 approval_expired"]));
  });

  it("[http.approvals] pass over keys that nobody knows, also the content of what has no form to fill in", async () => {
    const { url } = await lab.gateway();
    const ordinary = await parked(lab);
    const { id } = await asking();
    const bodies = [
      [ordinary.id, { decision: "approve", content: "x", colour: "red" }],
      [ordinary.id, { decision: "approve", content: { name: "Ann" } }],
      [id, { decision: "reject", content: { name: 1 } }],
    ] as const;
    for (const [of, body] of bodies) expect(await decide(url, of, body)).toMatchObject({ status: 200 });
  });

  it.each([
    ["a decision that is none", { decision: "maybe" }],
    ["no decision", {}],
    ["a comment that is too long", { decision: "approve", comment: "x".repeat(2_001) }],
  ])("refuses %s", async (_what, body) => {
    const { url } = await lab.gateway();
    expect((await decide(url, newUuid(), body)).body).toMatchObject({ status: 400, code: "invalid_request" });
  });

  it("refuses a status and a cursor it does not know", async () => {
    const { url } = await lab.gateway();
    expect((await request(url).get("/v1/approvals?status=approved")).body.code).toBe("invalid_request");
    expect((await request(url).get("/v1/approvals?cursor=x")).body.code).toBe("invalid_cursor");
    expect((await decide(url, "x", { decision: "approve" })).body.code).toBe("malformed_id");
  });
});
