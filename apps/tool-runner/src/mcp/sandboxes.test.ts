import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { McpServerConfig } from "@holdfast/protocol";
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { bestLauncher, detectTiers } from "../terminal/detect.ts";
import { chooseIdentity } from "../terminal/identity.ts";
import { PrivateHomes } from "../terminal/private-homes.ts";
import { isAtLeast } from "../terminal/tier.ts";
import { NO_GRANTS } from "../terminal/launcher.ts";
import type { StdioServer } from "./config.ts";
import { eventually, fixtureServer, isRunning, testHost, type TestHost } from "./fixture/fixture-host.ts";
import { Sandboxes } from "./sandboxes.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const require = createRequire(import.meta.url);
const SECRET = "nobody-in-there-may-know-this";
const identity = chooseIdentity(process.getuid?.(), undefined);

/** Servers that the protocol's authors publish. */
const entryOf = (manifest: string): string => join(dirname(manifest), "dist", "index.js");
const FILES = entryOf(require.resolve("@modelcontextprotocol/server-filesystem/package.json"));
const MEMORY = entryOf(require.resolve("@modelcontextprotocol/server-memory/package.json"));

/** The folder under which all packages of this repository lie. */
const PACKAGES = MEMORY.replace(/\/node_modules\/.*/s, "/node_modules");

let test: TestHost | undefined;
let base: string;
let folder: string;
let hasSandbox: boolean;

const server = (entry: string, args: string[], sandbox: object, env = {}) =>
  McpServerConfig.parse({
    command: process.execPath,
    args: [entry, ...args],
    env,
    holdfast: { framing: "newline", sandbox: { read: [PACKAGES], ...sandbox } },
  });

/** What runs with this text among its arguments or variables. */
function processesWith(text: string): string[] {
  const commands = readdirSync("/proc").map((pid) => {
    try {
      const isAlive = Number(pid) > 0 && isRunning(Number(pid));
      return isAlive ? ["cmdline", "environ"].map((file) => readFileSync(`/proc/${pid}/${file}`, "utf8")).join("") : "";
    } catch {
      return "";
    }
  });
  return commands.filter((command) => command.includes(text));
}

const homesBelow = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("holdfast-homes-") && name.includes(`-${process.pid}-`));

async function start(servers: Record<string, McpServerConfig>): Promise<TestHost> {
  test = testHost(() => servers);
  await test.host.start();
  return test;
}

beforeAll(async () => {
  const homes = await PrivateHomes.open(identity);
  const best = bestLauncher(await detectTiers({ identity, store: (content) => homes.store(content) }));
  await homes.close();
  hasSandbox = best !== null && isAtLeast(best.tier, "T2");
});
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "mcp-sandbox-"));
  folder = join(base, "folder");
  mkdirSync(folder);
  if (identity) chownSync(folder, identity.uid, identity.gid);
  writeFileSync(join(folder, "note.txt"), "a note\n");
  writeFileSync(join(base, "secret.txt"), SECRET, { mode: 0o644 });
});
afterEach(async () => {
  await test?.stop();
  test = undefined;
  rmSync(base, { recursive: true, force: true });
});

describe("[mcp.sandbox] a server in a sandbox", () => {
  it("works in its folder, and cannot read what it was itself told to read outside", async () => {
    const before = homesBelow();
    // It believes that it may use the whole of `base`; the kernel does not.
    const { state, call, host } = await start({
      files: server(FILES, [folder, base], { write: [folder] }),
    });
    expect(state("files")).toBe(hasSandbox ? "ready" : "failed");
    if (!hasSandbox) return;
    const read = await call("files", "read_text_file", { path: join(folder, "note.txt") });
    expect(JSON.stringify(read)).toContain("a note");
    const written = { path: join(folder, "new.txt"), content: "written" };
    expect(await call("files", "write_file", written)).toMatchObject({ status: "completed" });
    expect(readFileSync(written.path, "utf8")).toBe("written");

    const stolen = await call("files", "read_text_file", { path: join(base, "secret.txt") });
    expect(stolen.status).toBe("failed");
    expect(JSON.stringify(stolen)).not.toContain(SECRET);
    const left = await call("files", "write_file", { path: join(base, "left.txt"), content: "x" });
    expect(left.status).toBe("failed");
    expect(readdirSync(base)).not.toContain("left.txt");

    expect(processesWith(folder).length).toBeGreaterThan(0);
    await host.close();
    expect(processesWith(folder)).toEqual([]);
    await eventually(() => homesBelow().every((name) => before.includes(name)));
  });

  it("remembers in a file of its folder", async () => {
    const memory = join(folder, "memory.jsonl");
    const { state, call } = await start({
      memory: server(MEMORY, [], { write: [folder] }, { MEMORY_FILE_PATH: memory }),
    });
    expect(state("memory")).toBe(hasSandbox ? "ready" : "failed");
    if (!hasSandbox) return;
    const entities = [{ name: "Ada", entityType: "person", observations: ["likes engines"] }];
    expect(await call("memory", "create_entities", { entities })).toMatchObject({ status: "completed" });
    expect(readFileSync(memory, "utf8")).toContain("likes engines");
  });

  it("is ended with everything it has started, also when it will not listen", async () => {
    const here = dirname(new URL(import.meta.url).pathname);
    const code = [here, join(here, "../../package.json")];
    const flags = ["--journal", join(folder, "journal"), "--grandchild", "--stubborn"];
    const { state, host } = await start({
      one: fixtureServer(flags, { sandbox: { read: code, write: [folder] } }, { env: { MARK: folder } }),
    });
    expect(state("one")).toBe(hasSandbox ? "ready" : "failed");
    if (!hasSandbox) return;
    await eventually(() => readFileSync(join(folder, "journal"), "utf8").includes("grandchild "));
    expect(processesWith(folder).length).toBeGreaterThan(1);
    await host.close();
    expect(processesWith(folder)).toEqual([]);
  });

  it.each([true, false])("reaches the network only where its configuration says so: %s", async (network) => {
    let heard = 0;
    const listener = createServer((socket) => {
      heard += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const script = join(folder, "server.mjs");
    writeFileSync(
      script,
      `import { connect } from "node:net";
       connect(${port}, "127.0.0.1").on("close", () => process.exit(3)).on("error", () => process.exit(4));
       setTimeout(() => process.exit(5), 20_000);`,
    );
    const { host } = await start({
      one: McpServerConfig.parse({
        command: process.execPath,
        args: [script],
        holdfast: { framing: "newline", sandbox: { read: [script], network } },
      }),
    });
    listener.close();
    const exited = `exited with code ${network ? 3 : 4}`;
    expect(host.toolsets()[0]?.error).toContain(hasSandbox ? exited : "this machine has none");
    expect(heard > 0).toBe(network && hasSandbox);
  });

  it.each<[string, object, RegExp]>([
    ["a folder that is not there", { write: ["/no/such/folder"] }, /names what does not exist: \/no\/such\/folder/],
    ["the whole file system", { read: ["/"] }, /cannot be given the whole file system/],
  ])("that is given %s does not start, and says why", async (_, sandbox, reason) => {
    const { host } = await start({ one: server(MEMORY, [], sandbox) });
    expect(host.toolsets()).toMatchObject([
      { state: "failed", error: expect.stringMatching(hasSandbox ? reason : /./) },
    ]);
  });
});

it("[mcp.sandbox] does not start a server that asks for a sandbox where there is none", async () => {
  const missing = { reason: "not installed" };
  const none = new Sandboxes(undefined, async (options) => ({
    ...(await detectTiers({ ...options, only: "T1" })),
    T2: missing,
    T3: missing,
  }));
  const enclosed = none.enclose({} as StdioServer, NO_GRANTS);
  await expect(enclosed).rejects.toMatchObject({
    message: "it is to run in a sandbox, and this machine has none (T3: not installed; T2: not installed)",
    isFinal: true,
  });
  await none.close();
});
