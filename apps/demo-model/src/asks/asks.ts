/**
 * What a message asks tools to do. A message is a sequence of steps joined by "then"; each step is one ask, or several in
 * parallel ("both tools", "… and echo …"). A message with a part that asks for no tool asks for none in that part.
 */
import type { ModelTool } from "@holdfast/model-wire";
import { readCommand } from "./command.ts";
import { readDirectCall } from "./direct-call.ts";

export type Ask =
  | { kind: "terminal"; argv: string[] }
  | { kind: "echo"; message: string }
  | { kind: "sum"; a: number; b: number }
  | { kind: "wait"; seconds: number }
  /** "use MCP": whatever an MCP server offers. */
  | { kind: "anything" }
  /** A tool by its name, with JSON arguments as the user wrote them. */
  | { kind: "named"; tool: string; arguments: Record<string, unknown> };

/** The asks of one model call; they run in parallel. */
export type Step = Ask[];

const POLITENESS =
  /^(?:(?:please|hey|hi|hello|ok|okay|now|first|also|and|can you|could you|would you|will you|i want you to)\b[\s,:!]*)+/i;
/** "then" inside a code span belongs to the command. */
const THEN = /[\s,;.]*\b(?:and\s+)?then\b[\s,:]*(?=(?:[^`]*`[^`]*`)*[^`]*$)/i;
const AND_ALSO = /\s+and\s+(?=(?:also\s+)?(?:echo\b|add\s+-?\d))/i;

export function planAsks(message: string, tools: readonly ModelTool[]): Step[] {
  return message.split(THEN).flatMap((part) => {
    const step = readStep(part.trim().replace(POLITENESS, ""), tools);
    return step.length > 0 ? [step] : [];
  });
}

function readStep(text: string, tools: readonly ModelTool[]): Step {
  if (/\bboth (?:the )?tools\b|\b(?:terminal|shell) and (?:an? |the )?mcp\b|\bmcp and (?:the )?terminal\b/i.test(text))
    return [{ kind: "terminal", argv: ["date"] }, { kind: "anything" }];
  const direct = readDirectCall(text, tools);
  if (direct) return [direct];
  const [first = "", ...others] = text.split(AND_ALSO);
  const ask = readAsk(first);
  if (!ask) return [];
  return [ask, ...others.flatMap((other) => readAsk(other.replace(POLITENESS, "")) ?? [])];
}

function readAsk(text: string): Ask | undefined {
  const argv = readCommand(text);
  if (argv) return { kind: "terminal", argv };
  const echo = /^(?:use (?:the )?(?:mcp|everything)(?: server| tool)? to )?echo\s+(.+)$/is.exec(text)?.[1];
  if (echo !== undefined) return { kind: "echo", message: unquoted(echo.trim()) };
  const sum =
    /\b(?:add|sum(?: of)?|what is|what's)\s+(-?\d+(?:\.\d+)?)\s*(?:and|plus|to|,|\+)\s*(-?\d+(?:\.\d+)?)/i.exec(text);
  if (sum) return { kind: "sum", a: Number(sum[1]), b: Number(sum[2]) };
  const wait = /^wait (?:for )?(\d{1,4}) ?s(?:ec(?:ond)?s?)?\b/i.exec(text);
  if (wait) return { kind: "wait", seconds: Number(wait[1]) };
  const asksForMcp =
    /\b(?:use|call|try|run|show(?: me)?)\b.*\b(?:mcp|everything)\b/i.test(text) || /^mcp\W*$/i.test(text);
  return asksForMcp ? { kind: "anything" } : undefined;
}

function unquoted(text: string): string {
  return /^(["'`])([^]*)\1[.!]?$/.exec(text)?.[2] ?? text;
}
