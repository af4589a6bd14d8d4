import type { ApprovalRule } from "@holdfast/protocol";
import { globMatcher, type OfferedTool } from "./toolbox.ts";

/**
 * Whether a call may run as it is (protocol §6.1): an exact tool name beats the longest glob, which beats the toolset.
 * `on_write` asks unless a trusted server calls the tool read-only.
 *
 * Two decisions stand here until runs can wait for a human:
 * - a call that needs an approval cannot get one, so it is denied: a rule that says "ask" must never mean "run";
 * - where no rule matches, the call runs (WITHOUT_RULE). The contract's default for such tools is to ask; until asking is
 *   possible, an agent that lists a tool and says nothing more is taken at its word.
 */
const WITHOUT_RULE: ApprovalRule = "never";

export function needsApproval({ toolset, tool }: OfferedTool, rules: Readonly<Record<string, ApprovalRule>>): boolean {
  const rule = ruleFor(tool.name, toolset, rules) ?? WITHOUT_RULE;
  if (rule === "on_write") return tool.read_only !== true;
  return rule === "always";
}

function ruleFor(
  name: string,
  toolset: string,
  rules: Readonly<Record<string, ApprovalRule>>,
): ApprovalRule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name];
  const globs = Object.keys(rules).filter((key) => key.includes("*") && globMatcher(key)(name));
  const longest = globs.toSorted((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return rules[longest];
  return Object.hasOwn(rules, toolset) ? rules[toolset] : undefined;
}
