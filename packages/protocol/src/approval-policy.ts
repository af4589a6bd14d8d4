import type { ApprovalRule } from "./config.ts";
import { matchesGlob } from "./name-glob.ts";

/** What the policy looks at. `read_only` is set only by servers whose hints are trusted. */
export interface ToolInQuestion {
  readonly toolset: string;
  /** As the model sees it. */
  readonly name: string;
  readonly read_only?: boolean | undefined;
}

/** What a tool without a rule gets: a tool that may write is not run because nobody thought of it. */
const WITHOUT_RULE: ApprovalRule = "on_write";

/**
 * Whether a human must approve a call of this tool (protocol §6.1). An exact tool name beats the longest glob, which beats
 * the toolset; a glob may match either name. `on_write` asks unless a trusted server calls the tool read-only.
 *
 * The worker asks by this and the tool-runner refuses by it, each with the rules of its own holdfast.yaml.
 */
export function needsApproval(tool: ToolInQuestion, rules: Readonly<Record<string, ApprovalRule>>): boolean {
  const rule = ruleFor(tool, rules) ?? WITHOUT_RULE;
  if (rule === "on_write") return tool.read_only !== true;
  return rule === "always";
}

function ruleFor(
  { toolset, name }: ToolInQuestion,
  rules: Readonly<Record<string, ApprovalRule>>,
): ApprovalRule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name];
  const globs = Object.keys(rules).filter((key) => key.includes("*"));
  const matching = globs.filter((glob) => matchesGlob(glob, name) || matchesGlob(glob, toolset));
  const longest = matching.toSorted((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return rules[longest];
  return Object.hasOwn(rules, toolset) ? rules[toolset] : undefined;
}
