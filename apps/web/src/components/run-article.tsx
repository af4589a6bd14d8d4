import type { HoldfastError, RunItem } from "@holdfast/client";
import type { Agent } from "@holdfast/protocol";
import { memo, useState } from "react";
import { ApprovalPrompt, type Decide } from "./approval-prompt.tsx";
import { AlertIcon, RestartIcon } from "./icons.tsx";
import { type Outcome, outcomeOf } from "./run-outcome.ts";
import { RunStep, WorkingDots } from "./run-step.tsx";

export interface RunArticleProps {
  readonly run: RunItem;
  readonly agent: Agent | undefined;
  readonly isBehindAnother: boolean;
  readonly onDecide: Decide;
  readonly onTryAgain: TryAgain;
}

/** Asks a message's question again. Resolves to the error where that was not accepted. */
export type TryAgain = (messageId: string) => Promise<HoldfastError | undefined>;

/** An agent's answer: its steps, and under them how the run stands. */
export const RunArticle = memo(function RunArticle({
  run,
  agent,
  isBehindAnother,
  onDecide,
  onTryAgain,
}: RunArticleProps) {
  const name = run.agent ?? "Agent";
  const isAtWork = run.status === "in_progress";
  const isOpen = isAtWork || run.status === "queued" || run.status === "requires_action";
  const outcome = outcomeOf(run, agent, isBehindAnother);
  if (run.reason === "steered") return <p className="line-note">{outcome?.text}</p>;
  return (
    <article aria-label={name} aria-busy={isOpen} className="run">
      <h2 className="sender">{name}</h2>
      <Restarts run={run} />
      {run.steps.map((step, index) => (
        <RunStep
          key={step.index}
          step={step}
          approvals={run.approvals}
          isAtWork={isAtWork && index === run.steps.length - 1}
          isLive={isOpen}
          onDecide={onDecide}
        />
      ))}
      <LooseApprovals run={run} onDecide={onDecide} />
      {isAtWork && isBetweenSteps(run) && <WorkingDots />}
      <Notices run={run} isOpen={isOpen} />
      {outcome && <OutcomeNote outcome={outcome} messageId={run.messageId} onTryAgain={onTryAgain} />}
    </article>
  );
});

function OutcomeNote(props: { outcome: Outcome; messageId: string | null; onTryAgain: TryAgain }) {
  const { outcome, messageId, onTryAgain } = props;
  const [error, setError] = useState<HoldfastError | undefined>();
  return (
    <div className="outcome" data-tone={outcome.tone}>
      {outcome.tone !== "quiet" && <AlertIcon />}
      <p>
        {outcome.text}
        {outcome.advice && <span className="soft"> {outcome.advice}</span>}
        {error && (
          <span role="alert" className="inline-error">
            {` ${error.message}`}
          </span>
        )}
      </p>
      {outcome.canTryAgain && messageId && (
        <button type="button" className="plain-button" onClick={() => void onTryAgain(messageId).then(setError)}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing begun yet, or every tool of the last step has answered and the model has not. */
function isBetweenSteps(run: RunItem): boolean {
  const last = run.steps.at(-1);
  if (!last) return true;
  const hasOpenTool = last.tools.some((call) => call.status === "started" || call.status === "pending_approval");
  return (last.isClosed || last.tools.length > 0) && !hasOpenTool;
}

/** Shown text was withdrawn and written anew: say so, quietly, where the reader may wonder. */
function Restarts({ run }: { run: RunItem }) {
  const last = run.restarts.at(-1);
  if (!last) return null;
  const times = run.restarts.length > 1 ? ` ${run.restarts.length} times` : "";
  return (
    <p className="line-note" title={last.cause.replaceAll("_", " ")}>
      <RestartIcon />
      answer restarted{times}
    </p>
  );
}

/** Approvals whose tool call the stream has not shown. */
function LooseApprovals({ run, onDecide }: { run: RunItem; onDecide: Decide }) {
  const shown = new Set(run.steps.flatMap((step) => step.tools.map((call) => call.toolCallId)));
  return run.approvals
    .filter((approval) => approval.status === "requested" && !shown.has(approval.toolCallId))
    .map((approval) => (
      <div key={approval.approvalId} role="group" aria-label={approval.name} className="tool-card">
        <ApprovalPrompt approval={approval} onDecide={onDecide} />
      </div>
    ));
}

/** While the run is at work its latest notice, for example that the model is tried again. Afterwards they are past. */
function Notices({ run, isOpen }: { run: RunItem; isOpen: boolean }) {
  const last = run.notices.at(-1);
  if (!last) return null;
  if (isOpen) {
    return (
      <p className="line-note">
        <AlertIcon />
        {last.message}
      </p>
    );
  }
  return (
    <p className="line-note" title={last.message}>
      {run.notices.length === 1 ? "1 notice on the way" : `${run.notices.length} notices on the way`}
    </p>
  );
}
