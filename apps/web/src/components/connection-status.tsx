import type { FollowStatus } from "@holdfast/client";

const TEXT: Readonly<Record<FollowStatus, string>> = {
  live: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
};

export function ConnectionStatus({ status }: { status: FollowStatus }) {
  return (
    <span role="status" aria-label="Connection" className="connection" data-status={status}>
      {TEXT[status]}
    </span>
  );
}
