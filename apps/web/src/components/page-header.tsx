import type { FollowStatus } from "@holdfast/client";
import { ConnectionStatus } from "./connection-status.tsx";
import { MenuIcon, PlusIcon } from "./icons.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";

export interface PageHeaderProps {
  readonly title: string;
  readonly connection: FollowStatus;
  readonly onMenu: () => void;
  readonly onNew: () => void;
}

export function PageHeader({ title, connection, onMenu, onNew }: PageHeaderProps) {
  return (
    <header className="page-header">
      <button type="button" className="icon-button narrow-only" aria-label="Show conversations" onClick={onMenu}>
        <MenuIcon />
      </button>
      <h1>{title}</h1>
      <ConnectionStatus status={connection} />
      <ThemeToggle />
      <button type="button" className="icon-button narrow-only" aria-label="New conversation" onClick={onNew}>
        <PlusIcon />
      </button>
    </header>
  );
}
