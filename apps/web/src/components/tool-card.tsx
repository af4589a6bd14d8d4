import type { ApprovalState, ToolCallState } from "@holdfast/client";
import { memo, useId, useState } from "react";
import { type Decide, ApprovalPrompt } from "./approval-prompt.tsx";
import { ChevronIcon, ToolIcon } from "./icons.tsx";
import { argsInBrief, argsInFull, formatDuration, isToolOpen, STATUS_LABEL } from "./tool-presentation.ts";

export interface ToolCardProps {
  readonly call: ToolCallState;
  readonly approval: ApprovalState | undefined;
  /** A card that appears while its run is at work begins open, one from history closed. */
  readonly isLive: boolean;
  readonly onDecide: Decide;
}

export const ToolCard = memo(function ToolCard({ call, approval, isLive, onDecide }: ToolCardProps) {
  const [isOpen, setIsOpen] = useState(isLive);
  const id = useId();
  const asks = approval?.status === "requested";
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
          {STATUS_LABEL[call.status]}
          {call.durationMs !== null && ` · ${formatDuration(call.durationMs)}`}
        </span>
        <ChevronIcon />
      </button>
      {asks && <ApprovalPrompt approval={approval} onDecide={onDecide} />}
      <div id={id} hidden={!isOpen} className="tool-body">
        {isOpen && <ToolDetails call={call} approval={approval} />}
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
  const args = approval?.status === "requested" ? "" : argsInFull(call.args);
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

function decisionOf({ status, decidedBy }: ApprovalState): string {
  const words = { requested: "Asked", approved: "Approved", rejected: "Rejected", expired: "Nobody decided in time" };
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
