import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callOf, POLICY, TerminalBench, textOf } from "./fixture/terminal-bench.ts";
import { isOver, measureUsage } from "./workspace-usage.ts";

let bench: TerminalBench;
beforeEach(() => {
  bench = new TerminalBench();
});
afterEach(() => bench.close());

const MEBIBYTE = 1 << 20;

it("[terminal.quota] ends a command that fills its workspace with many files, and leaves removing", async () => {
  const policy = { ...POLICY, allow: [...POLICY.allow, "split", "rm"] };
  const quota = { bytes: 8 * MEBIBYTE, files: 1_000 };
  const terminal = await bench.open({ tier: "T1", policy, quota });
  const conversationId = newUuid();
  const inConversation = (argv: string[]) => terminal.run(callOf({ argv }, { conversationId }));

  // Each file is far below any limit on one.
  const filling = await inConversation(["split", "-b", "100000", "-a", "6", "/dev/zero"]);
  expect(filling).toMatchObject({ status: "failed", error: { code: "quota_exceeded" } });

  const more = await inConversation(["cp", "/etc/passwd", "more"]);
  expect(textOf(more)).toContain("the workspace is full");
  expect(await inConversation(["ls"])).toMatchObject({ status: "completed", exit_code: 0 });
  writeFileSync(join(bench.workspaceOf(conversationId), "big"), "");
  expect(await inConversation(["rm", "-r", "xaaaaaa"])).toMatchObject({ exit_code: 0 });
});

it("counts what a workspace holds, follows no link, and stops when it is enough to know", async () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-usage-"));
  mkdirSync(join(root, "a", "b"), { recursive: true });
  writeFileSync(join(root, "a", "b", "file"), Buffer.alloc(MEBIBYTE));
  symlinkSync("/usr", join(root, "link"));
  const quota = { bytes: 10 * MEBIBYTE, files: 100 };
  const usage = await measureUsage(root, quota);
  expect(usage.files).toBe(4);
  expect(usage.bytes).toBeGreaterThanOrEqual(MEBIBYTE);
  expect(isOver(usage, quota)).toBe(false);
  expect(isOver(await measureUsage(root, { bytes: 10, files: 100 }), { bytes: 10, files: 100 })).toBe(true);
  expect((await measureUsage(root, { bytes: 10 * MEBIBYTE, files: 1 })).files).toBe(2);
  expect(await measureUsage(join(root, "gone"), quota)).toEqual({ bytes: 0, files: 0 });
  rmSync(root, { recursive: true });
});
