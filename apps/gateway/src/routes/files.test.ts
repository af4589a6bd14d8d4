/** The gateway's side of a conversation's files; a stand-in answers what a tool-runner would. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type FileAnswer, FileQuestion, FILES_TOPIC, newUuid, TOOL_RUNNERS_GROUP } from "@holdfast/protocol";
import request from "supertest";
import { gatewayLab } from "../test-lab/gateway-lab.ts";

const lab = gatewayLab();
const stops: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())));

const MODIFIED = "2026-11-22T12:00:00.000Z";

/** Answers every question until the test ends. */
function answer(answerTo: (question: FileQuestion) => FileAnswer): void {
  const queue = lab.bus.queues.open({ topics: [FILES_TOPIC], group: TOOL_RUNNERS_GROUP });
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      for (const entry of await queue.read(8, 100)) {
        await lab.bus.files.answer(entry.id, answerTo(FileQuestion.parse(JSON.parse(entry.payload))));
        await queue.ack(entry);
      }
    }
  };
  const running = run();
  stops.push(async () => {
    isOver = true;
    await running;
    await queue.close();
  });
}

async function conversation(url: string): Promise<string> {
  const id = newUuid();
  await request(url).post("/v1/conversations").send({ id }).expect(201);
  return id;
}

/** A file that is handed out in parts of three bytes. */
function fileOf(text: string, versionAt: (offset: number) => string = () => "1") {
  return ({ path, offset }: FileQuestion): FileAnswer => {
    if (path !== "sub/a b.txt") return { is: "missing" };
    const bytes = Buffer.from(text);
    const data = bytes.subarray(offset, offset + 3).toString("base64");
    return { is: "part", size: bytes.length, version: versionAt(offset), data };
  };
}

describe("the files of a conversation", () => {
  it("[http.files] are listed, each with the address that downloads it", async () => {
    const { url } = await lab.gateway();
    const id = await conversation(url);
    const files = [{ path: "sub/a b.txt", size: 5, modified_at: MODIFIED }];
    answer(() => ({ is: "list", files, truncated: false }));
    const list = await request(url).get(`/v1/conversations/${id}/files`);
    const address = `/v1/conversations/${id}/files?path=sub%2Fa%20b.txt`;
    expect([list.status, list.body]).toEqual([200, { data: [{ ...files[0], url: address }], truncated: false }]);
  });

  it("[http.files] are downloaded whole, and never shown as a page", async () => {
    const { url } = await lab.gateway();
    const id = await conversation(url);
    answer(fileOf("<script>hello</script>"));
    const path = `/v1/conversations/${id}/files?path=sub%2Fa%20b.txt`;
    const file = await request(url).get(path).buffer(true).responseType("blob");
    expect(file.status).toBe(200);
    expect(Buffer.from(file.body as Buffer).toString()).toBe("<script>hello</script>");
    expect(file.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename*=UTF-8''a%20b.txt",
      "content-length": "22",
      "x-content-type-options": "nosniff",
    });
    const head = await request(url).head(path);
    expect([head.status, head.headers["content-length"], head.text]).toEqual([200, "22", undefined]);
  });

  it("[http.files] break off where the file changes on the way", async () => {
    const { url } = await lab.gateway();
    const id = await conversation(url);
    answer(fileOf("hello", (offset) => String(offset)));
    await expect(
      fetch(`${url}/v1/conversations/${id}/files?path=sub%2Fa%20b.txt`).then((response) => response.text()),
    ).rejects.toThrow("terminated");
  });

  it("[http.files] answer 404 for a file or conversation that is not there", async () => {
    const { url } = await lab.gateway();
    const id = await conversation(url);
    answer(fileOf("hello"));
    const missing = await request(url).get(`/v1/conversations/${id}/files?path=../../etc/passwd`);
    expect([missing.status, missing.body.code]).toEqual([404, "file_not_found"]);
    const unknown = await request(url).get(`/v1/conversations/${newUuid()}/files`);
    expect([unknown.status, unknown.body.code]).toEqual([404, "conversation_not_found"]);
    expect((await request(url).get("/v1/conversations/..%2Fx/files")).body.code).toBe("malformed_id");
  });

  it("[http.files] answer 503 while no tool-runner is there", async () => {
    const { url } = await lab.gateway();
    const id = await conversation(url);
    const nobody = await request(url).get(`/v1/conversations/${id}/files`);
    expect([nobody.status, nobody.body.code, nobody.headers["retry-after"]]).toEqual([503, "unavailable", "2"]);
  });
});
