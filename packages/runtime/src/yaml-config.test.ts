import { describe, expect, it } from "@jest/globals";
import { redact } from "@holdfast/telemetry";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./env.ts";
import { loadYaml, parseYaml } from "./yaml-config.ts";

const Agent = z.strictObject({
  model: z.string(),
  max_steps: z.int().positive().default(16),
  tools: z.array(z.string()).default([]),
  approvals: z.record(z.string(), z.enum(["always", "never"])).default({}),
});
const Server = z.union([
  z.strictObject({ command: z.string(), args: z.array(z.string()).optional() }),
  z.strictObject({ url: z.url(), headers: z.record(z.string(), z.string()).optional() }),
]);
const Config = z.strictObject({
  agents: z.record(z.string().regex(/^[a-z]+$/, "must be lower case"), Agent).default({}),
  mcpServers: z.record(z.string(), Server).default({}),
});

function problemsOf(text: string, env: Environment = {}): readonly string[] {
  try {
    parseYaml(text, "holdfast.yaml", Config, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const agent = (lines: string, env: Environment) =>
  parseYaml(`agents:\n  a:\n    ${lines.replaceAll("\n", "\n    ")}\n`, "f", Config, env).agents["a"];

describe("problems", () => {
  it("[config.lines] are all reported at once, each with its line and path, in the order of the file", () => {
    const text = `agents:
  assistant:
    colour: red
    max_steps: many
    tools:
      - ls
      - 7
    approvals:
      "files__write*": perhaps
  Helper:
    model: x
mcpServers:
  files: { command: node, args: 3 }
  remote:
    url: nowhere
  odd: 7
`;
    const problems = problemsOf(text);
    expect(problems.map((problem) => problem.split(": ").slice(0, 2).join(": "))).toEqual([
      "holdfast.yaml:2: agents.assistant.model",
      "holdfast.yaml:3: agents.assistant.colour",
      "holdfast.yaml:4: agents.assistant.max_steps",
      "holdfast.yaml:7: agents.assistant.tools[1]",
      'holdfast.yaml:9: agents.assistant.approvals["files__write*"]',
      "holdfast.yaml:10: agents.Helper",
      "holdfast.yaml:13: mcpServers.files.args",
      "holdfast.yaml:15: mcpServers.remote.url",
      "holdfast.yaml:16: mcpServers.odd",
    ]);
    expect(problems).toContain("holdfast.yaml:2: agents.assistant.model: is required (string)");
    expect(problems).toContain("holdfast.yaml:3: agents.assistant.colour: unknown key");
    expect(problems).toContain("holdfast.yaml:10: agents.Helper: must be lower case");
  });

  it("name a syntax error by its line, and nothing that follows from it", () => {
    expect(problemsOf("agents:\n  a: {model: x\nmcpServers: 7\n")).toEqual([
      expect.stringMatching(/^holdfast\.yaml:\d+: .*flow map/i),
    ]);
    expect(problemsOf("agents: { a: { model: ${X} } }\n", { X: "1" })).toEqual([
      expect.stringMatching(/^holdfast\.yaml:1: .*quote/),
    ]);
    expect(problemsOf("agents:\n\ta: 1\n")[0]).toMatch(/^holdfast\.yaml:2: .*tab/i);
  });

  it("name a key given twice, beside whatever else is wrong", () => {
    expect(problemsOf("agents:\n  a: { model: x }\n  a: { model: y }\ncolour: red\n")).toEqual([
      "holdfast.yaml:3: the key a is given twice",
      "holdfast.yaml:4: colour: unknown key",
    ]);
  });

  it("name an unknown tag and a second document", () => {
    expect(problemsOf("agents: !secret x\n")[0]).toMatch(/^holdfast\.yaml:1: .*tag/i);
    expect(problemsOf("agents: {}\n---\nagents: {}\n")[0]).toMatch(/^holdfast\.yaml:2: .*document/i);
  });

  it("point into what an alias or a merge stands for, or at the place it is used", () => {
    const text = "agents:\n  a: &base\n    model: x\n  b:\n    <<: *base\n    max_steps: -1\n  c: *base\n";
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^holdfast\.yaml:6: agents\.b\.max_steps: /)]);
    const ofModel = (line: number, name: string) =>
      `holdfast.yaml:${line}: agents.${name}.model: Invalid input: expected string, received number`;
    expect(problemsOf(text.replace("model: x", "model: 7").replace("-1", "1"))).toEqual([
      ofModel(3, "a"),
      ofModel(3, "c"),
      ofModel(4, "b"),
    ]);
  });

  it("never show the value that was given", () => {
    expect(problemsOf("agents: { a: { model: [hush], max_steps: hush } }").join()).not.toContain("hush");
  });

  it("survive a file that expands without end", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh"])
      bomb.push(`${to}: &${to} [${`*${from},`.repeat(9)}]`);
    expect(problemsOf(bomb.join("\n")).length).toBeGreaterThan(0);
  });
});

describe("JSON", () => {
  it("[config.paste] of another program may stand among YAML, tabs and comments included, with its lines in problems", () => {
    const pasted = '"mcpServers": {\n\t// from another program\n\t"a": {\n\t\t"command": "x",\n\t},\n}\n';
    expect(parseYaml(`agents: {}\n${pasted}`, "f", Config, {}).mcpServers).toEqual({ a: { command: "x" } });
    expect(problemsOf(`agents: {}\n${pasted.replace('"x"', "7")}`)).toEqual([
      expect.stringMatching(/^holdfast\.yaml:5: mcpServers\.a\.command: /),
    ]);
    expect(parseYaml('{\n\t"agents": {},\n\t"mcpServers": {}\n}\n', "f", Config, {})).toMatchObject({ agents: {} });
  });
});

describe("variables", () => {
  it("[config.variables] are expanded in strings, with a default for one that is unset or empty", () => {
    const text = "model: a-${X}-${Y:-y}-${Z:-z}-${E:-}\ntools: ['${X}${X}', '$X', '$${X}']";
    expect(agent(text, { X: "1", Z: "" })).toMatchObject({ model: "a-1-y-z-", tools: ["11", "$X", "${X}"] });
  });

  it("that are not set are a problem at their line, and the only one there", () => {
    expect(problemsOf("agents:\n  a:\n    model: ${NONE}\n    max_steps: ${NONE}\n")).toEqual([
      "holdfast.yaml:3: agents.a.model: the environment variable NONE is not set",
      "holdfast.yaml:4: agents.a.max_steps: the environment variable NONE is not set",
    ]);
  });

  it.each(["${1x}", "${}", "${X", "${a b}"])("that are malformed are a problem: %s", (text) => {
    expect(problemsOf(`agents:\n  a:\n    model: '${text}'\n`, { X: "1" })).toEqual([
      expect.stringContaining("holdfast.yaml:3: agents.a.model: "),
    ]);
  });

  it("become numbers where the schema asks for one and there are no quotes, and stay texts elsewhere", () => {
    expect(agent("model: ${N}\nmax_steps: ${N}", { N: "12" })).toMatchObject({ model: "12", max_steps: 12 });
    expect(problemsOf("agents: { a: { model: x, max_steps: '${N}' } }", { N: "12" })).toHaveLength(1);
    expect(problemsOf("agents:\n  a:\n    model: x\n    max_steps: ${N}\n", { N: "twelve" })).toHaveLength(1);
  });

  it("[config.paste] may be written as VS Code writes them, but nobody is there to be asked for an input", () => {
    expect(agent("model: '${env:X}'", { X: "1" })).toMatchObject({ model: "1" });
    expect(problemsOf("agents:\n  a:\n    model: '${input:model-name}'\n")).toEqual([
      "holdfast.yaml:3: agents.a.model: nobody can be asked for ${input:model-name} here; write ${NAME} and set that environment variable",
    ]);
  });

  it("cannot change the structure of the file", () => {
    expect(agent("model: ${X}", { X: "x, max_steps: 1 }\n# ${Y}" })).toMatchObject({
      model: "x, max_steps: 1 }\n# ${Y}",
    });
  });

  it("in comments are no concern", () => {
    expect(problemsOf("# ${NONE}\nagents: {} # ${NONE}\n")).toEqual([]);
  });

  it("that go under a secret's key, or are named like one, are masked from then on", () => {
    const text = 'mcpServers: { r: { url: "https://h/${MY_TOKEN}", headers: { Authorization: "${PLAIN}" } } }';
    parseYaml(text, "f", Config, { MY_TOKEN: "lavender", PLAIN: "marigold" });
    expect(redact("lavender marigold")).toBe("[redacted] [redacted]");
  });
});

describe("files", () => {
  it("are read from their path, with the path in every problem", () => {
    const path = join(mkdtempSync(join(tmpdir(), "holdfast-yaml-")), "holdfast.yaml");
    writeFileSync(path, "agents: { a: { model: x } }\n");
    expect(loadYaml(path, Config, {}).agents).toEqual({ a: { model: "x", max_steps: 16, tools: [], approvals: {} } });
    writeFileSync(path, "colour: red\n");
    expect(() => loadYaml(path, Config, {})).toThrow(`${path}:1: colour: unknown key`);
  });

  it("that are empty take every default", () => {
    expect(parseYaml("", "f", Config, {})).toEqual({ agents: {}, mcpServers: {} });
    expect(problemsOf("# nothing yet\n")).toEqual([]);
  });

  it("that are missing or unreadable are a problem with the reason", () => {
    expect(() => loadYaml("./nowhere.yaml", Config, {})).toThrow("nowhere.yaml: the file does not exist");
    expect(() => loadYaml(tmpdir(), Config, {})).toThrow("cannot be read (EISDIR)");
  });
});
