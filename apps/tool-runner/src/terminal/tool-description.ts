/** The terminal as the model is shown it. */

export interface ToolDescription {
  readonly name: "run";
  readonly description: string;
  /** JSON Schema, draft 2020-12. */
  readonly input_schema: Record<string, unknown>;
}

/** `commands`: names that can really be run here. */
export function describeRun(commands: readonly string[], timeoutMs: number): ToolDescription {
  const list = commands.toSorted().join(", ");
  return {
    name: "run",
    description: [
      "Runs one program in this conversation's workspace and answers what it printed and its exit code.",
      "There is no shell: pipes, redirections, globs, variables, && and ; are ordinary characters. There is no stdin.",
      "Give argv (preferred: one string per argument, no quoting) or command (one line, split as Python's shlex does).",
      `A program is ended after ${timeoutMs} ms. Programs that may be run: ${list === "" ? "none" : list}.`,
    ].join(" "),
    input_schema: {
      type: "object",
      properties: {
        argv: {
          type: ["array", "null"],
          items: { type: "string" },
          description: 'The program\'s name and its arguments, for example ["ls", "-l", "src"].',
        },
        command: { type: ["string", "null"], description: "The same as one line. Not together with argv." },
        cwd: {
          type: ["string", "null"],
          description: "Directory to run in, relative to the workspace. Default: the workspace itself.",
        },
      },
      additionalProperties: false,
    },
  };
}
