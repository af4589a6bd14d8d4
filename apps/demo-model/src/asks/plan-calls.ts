import type { ModelTool } from "@holdfast/model-wire";
import type { Plan, PlannedCall } from "../plan.ts";
import type { ToolOutcome } from "../turn.ts";
import { summarise } from "../replies/tool-summary.ts";
import type { Ask, Step } from "./asks.ts";
import { findTool, isTerminal, schemaOf, withNulls } from "./find-tool.ts";

/** Turns asks into calls of the tools that were offered, and says which could not be made because their tool was not. */
export function planCalls(
  step: Step,
  tools: readonly ModelTool[],
  { isFirst, earlier }: { isFirst: boolean; earlier: ToolOutcome[] },
): Plan {
  const calls: PlannedCall[] = [];
  const missing: string[] = [];
  for (const ask of step) {
    const call = callFor(ask, tools);
    if (call) calls.push(call);
    else missing.push(describe(ask));
  }
  const apology = missing.map((what) => notOffered(what, tools)).join("\n\n");
  if (calls.length === 0) return { text: earlier.length === 0 ? apology : `${summarise(earlier)}\n\n${apology}` };
  const names = calls.map((call) => `\`${call.name}\``).join(" and ");
  const opening = isFirst ? `I am the demo model, but this tool call is real. Calling ${names} …` : `Next: ${names} …`;
  return { text: apology === "" ? opening : `${apology}\n\n${opening}`, calls };
}

function callFor(ask: Ask, tools: readonly ModelTool[]): PlannedCall | undefined {
  switch (ask.kind) {
    case "terminal":
      return callOf(tools.find(isTerminal), (tool) => terminalArguments(tool, ask.argv));
    case "echo":
      return echo(tools, ask.message);
    case "sum":
      return sum(tools, ask.a, ask.b);
    case "wait":
      return callOf(findTool(tools, "trigger-long-running-operation", "longRunningOperation"), () => ({
        duration: ask.seconds,
        steps: Math.max(1, ask.seconds),
      }));
    case "named":
      return callOf(findTool(tools, ask.tool), () => ask.arguments);
    default:
      return echo(tools, "Hello from Holdfast's demo model") ?? sum(tools, 2, 3) ?? withoutArguments(tools);
  }
}

function callOf(
  tool: ModelTool | undefined,
  argumentsFor: (tool: ModelTool) => Record<string, unknown>,
): PlannedCall | undefined {
  return tool && { name: tool.name, arguments: withNulls(tool, argumentsFor(tool)) };
}

function terminalArguments(tool: ModelTool, argv: string[]): Record<string, unknown> {
  const { properties = {} } = schemaOf(tool);
  if (!("argv" in properties) && "command" in properties) return { command: argv.join(" ") };
  return { argv };
}

function echo(tools: readonly ModelTool[], message: string): PlannedCall | undefined {
  return callOf(findTool(tools, "echo"), (tool) => {
    const { properties = {} } = schemaOf(tool);
    const [field = "message"] = "message" in properties ? ["message"] : Object.keys(properties);
    return { [field]: message };
  });
}

function sum(tools: readonly ModelTool[], a: number, b: number): PlannedCall | undefined {
  return callOf(findTool(tools, "get-sum", "add", "sum"), () => ({ a, b }));
}

function withoutArguments(tools: readonly ModelTool[]): PlannedCall | undefined {
  const simple = tools.find((tool) => !isTerminal(tool) && (schemaOf(tool).required ?? []).length === 0);
  return callOf(simple, () => ({}));
}

function describe(ask: Ask): string {
  switch (ask.kind) {
    case "terminal":
      return "the terminal tool";
    case "echo":
      return "an MCP tool named `echo`";
    case "sum":
      return "an MCP tool that adds two numbers";
    case "wait":
      return "an MCP tool that takes its time";
    case "named":
      return `the tool \`${ask.tool}\``;
    default:
      return "an MCP tool";
  }
}

function notOffered(what: string, tools: readonly ModelTool[]): string {
  const offered = tools.map((tool) => `\`${tool.name}\``).join(", ");
  return [
    `You asked for ${what}, but it was not offered to me: this agent's configuration does not include it.`,
    offered === "" ? "I was offered no tools at all." : `I was offered: ${offered}.`,
    "Tools come from `agents.<name>.tools`, `terminal` and `mcpServers` in `holdfast.yaml`.",
  ].join(" ");
}
