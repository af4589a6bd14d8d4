/**
 * Decides what the demo model says. It is a script, not a model: the user's last message is held against a few patterns, in
 * this order, and the same request always gets the same reply.
 *   1. tools: every ask that the message contains, one step after another ("… then …"), then a summary of what came back;
 *   2. what was said earlier in this conversation;
 *   3. a text of a given number of words;
 *   4. how to connect a real model, which tools there are, a show of Markdown;
 *   5. everything else: who is speaking here, what was said, and what to try.
 */
import type { ModelRequest } from "@holdfast/model-wire";
import { planAsks, type Step } from "./asks/asks.ts";
import { planCalls } from "./asks/plan-calls.ts";
import type { Plan } from "./plan.ts";
import { introduction } from "./replies/introduction.ts";
import { markdownShow } from "./replies/markdown-show.ts";
import { numberedWords, wordsAskedFor } from "./replies/numbered-words.ts";
import { asksAboutSetup, setup } from "./replies/setup.ts";
import { asksAboutTools, toolList } from "./replies/tool-list.ts";
import { recall } from "./replies/recall.ts";
import { summarise } from "./replies/tool-summary.ts";
import { currentTurn, type Turn } from "./turn.ts";

export function planReply(request: ModelRequest): Plan {
  const turn = currentTurn(request.messages);
  const plan = planTools(turn, request) ?? { text: textFor(turn, request) };
  if (!/\bthink\b/i.test(turn.message) || turn.results.length > 0) return plan;
  return {
    ...plan,
    reasoning:
      "I was asked to think. As a demo I only act it out: I hold the message against a short list of patterns and pick the reply that goes with it.",
  };
}

function planTools(turn: Turn, { tools }: ModelRequest): Plan | undefined {
  const steps: Step[] = planAsks(turn.message, tools);
  const step = steps[turn.stepsTaken];
  if (step !== undefined) return planCalls(step, tools, { isFirst: turn.stepsTaken === 0, earlier: turn.results });
  return turn.results.length > 0 ? { text: summarise(turn.results) } : undefined;
}

function textFor(turn: Turn, { tools }: ModelRequest): string {
  const { message } = turn;
  const recalled = recall(turn);
  if (recalled !== undefined) return recalled;
  const words = wordsAskedFor(message);
  if (words !== undefined) return numberedWords(words);
  if (asksAboutSetup(message)) return setup();
  if (asksAboutTools(message)) return toolList(tools);
  if (/\bmarkdown\b/i.test(message)) return markdownShow();
  return introduction(turn, tools);
}
