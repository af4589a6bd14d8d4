import type { RunItem } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";

/** What stands under an answer that is not simply being written or complete: what happened, and what to do about it. */
export interface Outcome {
  readonly tone: "quiet" | "warning" | "danger";
  readonly text: string;
  readonly advice?: string;
  readonly canTryAgain?: boolean;
}

export function outcomeOf(run: RunItem, agent: Agent | undefined, isBehindAnother: boolean): Outcome | null {
  switch (run.status) {
    case "queued":
      return { tone: "quiet", text: waitingFor(agent, isBehindAnother) };
    case "requires_action":
      return { tone: "quiet", text: "Waiting for your decision" };
    case "failed":
      return failure(run);
    case "cancelled":
      return { tone: "quiet", text: run.steps.length > 0 ? "Stopped. What was written is kept." : "Stopped" };
    case "incomplete":
      return { tone: "warning", ...earlyEnd(run), canTryAgain: true };
    case "completed":
      return completedEarly(run);
    case "in_progress":
    default:
      return null;
  }
}

function waitingFor(agent: Agent | undefined, isBehindAnother: boolean): string {
  if (agent?.state === "paused") return "Queued. The agent is paused and will answer when it is resumed.";
  if (agent?.state === "draining") return "Queued. The agent is draining and will answer when it is resumed.";
  if (agent?.workers === 0) return "Queued. No worker is running; one will answer as soon as it is back.";
  return isBehindAnother ? "Queued behind the answer above" : "Queued";
}

function failure(run: RunItem): Outcome {
  const text = run.error?.message || "The run failed.";
  const mayPass = run.error?.retryable ?? true;
  const advice = mayPass
    ? "This may pass by itself: try again in a moment."
    : "Trying the same again will not help. Change the message, or ask whoever runs this server to look at its log.";
  return { tone: "danger", text, advice, canTryAgain: mayPass };
}

const BY_FINISH: Readonly<Record<string, Pick<Outcome, "text" | "advice">>> = {
  length: { text: "The answer reached its length limit.", advice: "Ask it to go on for the rest." },
  content_filter: { text: "The provider's content filter ended the answer.", advice: "Put the question differently." },
  budget: { text: "The run reached its budget.", advice: "Ask it to go on, or ask for less at once." },
};

function earlyEnd(run: RunItem): Pick<Outcome, "text" | "advice"> {
  const known = BY_FINISH[run.finishReason ?? ""] ?? { text: "The run ended early." };
  return run.reason ? { ...known, text: `${known.text} (${run.reason.replaceAll("_", " ")})` } : known;
}

function completedEarly(run: RunItem): Outcome | null {
  if (run.reason === "steered") return { tone: "quiet", text: "Taken into the answer being written" };
  const known = BY_FINISH[run.finishReason ?? ""];
  return known ? { tone: "warning", ...known } : null;
}
