import type { ApprovalState, HoldfastError } from "@holdfast/client";
import type { FormContent } from "@holdfast/protocol";
import { useId, useState } from "react";
import { QuestionPrompt } from "./question-prompt.tsx";
import { argsInFull, formatTime } from "./tool-presentation.ts";

/** `content` is what was filled in, where a question is answered. */
export type Decide = (
  approvalId: string,
  decision: "approve" | "reject",
  content?: FormContent,
) => Promise<HoldfastError | undefined>;

interface PromptProps {
  readonly approval: ApprovalState;
  readonly onDecide: Decide;
}

/** What the reader is to decide. */
export function ApprovalPrompt({ approval, onDecide }: PromptProps) {
  const { question } = approval;
  if (question) return <QuestionPrompt approval={approval} question={question} onDecide={onDecide} />;
  return <CallPrompt approval={approval} onDecide={onDecide} />;
}

/** May this tool be called with exactly these arguments? */
function CallPrompt({ approval, onDecide }: PromptProps) {
  const [isDeciding, setIsDeciding] = useState(false);
  const [error, setError] = useState<HoldfastError | undefined>();
  const id = useId();
  const decide = async (decision: "approve" | "reject") => {
    setIsDeciding(true);
    const failed = await onDecide(approval.approvalId, decision);
    setError(failed);
    // Once decided, the stream takes this prompt away; until then a second press could only conflict.
    if (failed) setIsDeciding(false);
  };
  return (
    <div className="approval">
      <p id={id}>
        The agent asks to use <strong>{approval.name}</strong>
        {approval.expiresAt && <span className="soft"> until {formatTime(approval.expiresAt)}</span>}
      </p>
      <pre tabIndex={0} aria-label="What it would do">
        {argsInFull(approval.args) || "no arguments"}
      </pre>
      <div className="approval-actions">
        <button
          type="button"
          className="primary-button"
          aria-describedby={id}
          disabled={isDeciding}
          onClick={() => void decide("approve")}
        >
          Approve
        </button>
        <button
          type="button"
          className="plain-button"
          aria-describedby={id}
          disabled={isDeciding}
          onClick={() => void decide("reject")}
        >
          Reject
        </button>
        {error && (
          <span role="alert" className="inline-error">
            {error.message}
          </span>
        )}
      </div>
    </div>
  );
}
