import type { ApprovalState, HoldfastError } from "@holdfast/client";
import { useId, useState } from "react";
import { argsInFull } from "./tool-presentation.ts";

export type Decide = (approvalId: string, decision: "approve" | "reject") => Promise<HoldfastError | undefined>;

/** A question to the reader: may this tool be called with exactly these arguments? */
export function ApprovalPrompt({ approval, onDecide }: { approval: ApprovalState; onDecide: Decide }) {
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

function formatTime(timestamp: string): string {
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
