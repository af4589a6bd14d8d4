import type { ApprovalState, ToolCallState } from "@holdfast/client";
import { memo, useId, useState } from "react";
import { type Decide, ApprovalPrompt } from "./approval-prompt.tsx";
import { ChevronIcon, ToolIcon } from "./icons.tsx";
import { argsInBrief, argsInFull, formatDuration, isToolOpen, STATUS_LABEL } from "./tool-presentation.ts";

export interface ToolCardProps {
  readonly call: ToolCallState;
  /** The run's, those of other calls among them. */
  readonly approvals: readonly ApprovalState[];
  /** A card that appears while its run is at work begins open, one from history closed. */
  readonly isLive: boolean;
  readonly onDecide: Decide;
}

export const ToolCard = memo(function ToolCard({ call, approvals, isLive, onDecide }: ToolCardProps) {
  const [isOpen, setIsOpen] = useState(isLive);
  const id = useId();
  const own = approvals.filter(({ toolCallId }) => toolCallId === call.toolCallId);
  const open = own.filter(({ status }) => status === "requested");
  const isAsking = open.some(({ question }) => question !== null);
  return (
    <div role="group" aria-label={call.name} className="tool-card" data-status={call.status} data-open={isOpen}>
      <button
        type="button"
        className="tool-heading"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
      >
        <ToolIcon />
        <span className="tool-name">{call.name}</span>
        <span className="tool-brief">{argsInBrief(call.args)}</span>
        <span className="tool-status">
          {isAsking ? "Needs an answer" : STATUS_LABEL[call.status]}
          {call.durationMs !== null && ` · ${formatDuration(call.durationMs)}`}
        </span>
        <ChevronIcon />
      </button>
      {open.map((approval) => (
        <ApprovalPrompt key={approval.approvalId} approval={approval} onDecide={onDecide} />
      ))}
      <div id={id} hidden={!isOpen} className="tool-body">
        {isOpen && <ToolDetails call={call} approval={own.at(-1)} />}
      </div>
    </div>
  );
});

/** What the call printed and what it answered: the live output, and the summary where it says more. */
function resultPanes(call: ToolCallState): { label: string; text: string }[] {
  const { output, resultSummary } = call;
  const label = isToolOpen(call.status) ? "Output so far" : "Output";
  const panes = [{ label, text: output || resultSummary || "" }];
  if (output && resultSummary && !output.includes(resultSummary.trim()))
    panes.push({ label: "Result", text: resultSummary });
  return panes.filter(({ text }) => text !== "");
}

function ToolDetails({ call, approval }: { call: ToolCallState; approval: ApprovalState | undefined }) {
  // The question above shows them already.
  const isShown = approval?.status === "requested" && !approval.question;
  const args = isShown ? "" : argsInFull(call.args);
  return (
    <>
      {args && <Pane label="Arguments" text={args} />}
      {resultPanes(call).map(({ label, text }) => (
        <Pane key={label} label={label} text={text} />
      ))}
      {call.error && <p className="tool-error">{call.error.message}</p>}
      {call.status === "unknown" && (
        <p className="tool-note">
          The process running it ended. It may or may not have taken effect, so it was not repeated.
        </p>
      )}
      {approval && approval.status !== "requested" && <p className="tool-note">{decisionOf(approval)}</p>}
    </>
  );
}

const CALL_WORDS = {
  requested: "Asked",
  approved: "Approved",
  rejected: "Rejected",
  expired: "Nobody decided in time",
};
const QUESTION_WORDS = { requested: "Asked", approved: "Answered", rejected: "Declined", expired: "Nobody answered" };

function decisionOf({ status, decidedBy, question }: ApprovalState): string {
  const words = question ? QUESTION_WORDS : CALL_WORDS;
  return decidedBy ? `${words[status]} by ${decidedBy.replace(/^user:/, "")}` : words[status];
}

/** Long text in a box of its own that scrolls, and so can be reached by keyboard. */
function Pane({ label, text }: { label: string; text: string }) {
  return (
    <section className="tool-pane">
      <h3>{label}</h3>
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </section>
  );
}
