import type { ApprovalState, StepState } from "@holdfast/client";
import { memo } from "react";
import type { Decide } from "./approval-prompt.tsx";
import { Disclosure } from "./disclosure.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import { ToolCard } from "./tool-card.tsx";

export interface RunStepProps {
  readonly step: StepState;
  readonly approvals: readonly ApprovalState[];
  /** The run is at work, and this is its last step. */
  readonly isAtWork: boolean;
  readonly isLive: boolean;
  readonly onDecide: Decide;
}

/** One model call: what it thought, what it said, and the tools it asked for. */
export const RunStep = memo(function RunStep({ step, approvals, isAtWork, isLive, onDecide }: RunStepProps) {
  const isWriting = isAtWork && !step.isClosed && step.tools.length === 0;
  const isThinking = isWriting && step.text === "";
  return (
    <div className="run-step" data-writing={isWriting && !isThinking}>
      {step.reasoning && (
        <Disclosure className="reasoning" heading={<span>{isThinking ? "Thinking…" : "Thoughts"}</span>}>
          <p>{step.reasoning}</p>
        </Disclosure>
      )}
      {step.text && <Markdown text={step.text} />}
      {isThinking && !step.reasoning && <WorkingDots />}
      {step.tools.map((call) => (
        <ToolCard key={call.toolCallId} call={call} approvals={approvals} isLive={isLive} onDecide={onDecide} />
      ))}
    </div>
  );
});

export function WorkingDots() {
  return (
    <p className="working-dots">
      <span className="visually-hidden">Working…</span>
      <i />
      <i />
      <i />
    </p>
  );
}
