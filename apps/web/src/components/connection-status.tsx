import type { FollowStatus } from "@holdfast/client";

const TEXT: Readonly<Record<FollowStatus, string>> = {
  live: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
};

export function ConnectionStatus({ status }: { status: FollowStatus }) {
  return (
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
    <span role="status" aria-label="Connection" className="connection" data-status={status}>
      {TEXT[status]}
    </span>
  );
}
