import { useEffect, useRef } from "react";
import { ConversationList, type ConversationListProps } from "./conversation-list.tsx";
import { CloseIcon, Logo, PlusIcon } from "./icons.tsx";
import { Toolsets } from "./toolset-list.tsx";

export interface SidebarProps extends ConversationListProps {
  readonly onNew: () => void;
}

export function Sidebar(props: SidebarProps) {
  return (
    <aside className="sidebar">
      <SidebarContent {...props} />
    </aside>
  );
}

/** The same as a drawer, for narrow screens: modal, so that focus and Escape are the browser's to handle. */
export function Drawer({ onClose, ...props }: SidebarProps & { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // The click is on the backdrop only where it is on the dialog itself; Escape does the same by keyboard.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className="drawer"
      aria-label="Conversations"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className="drawer-content">
        <button
          type="button"
          className="icon-button drawer-close"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
        <SidebarContent {...props} />
      </div>
    </dialog>
  );
}

function SidebarContent({ onNew, ...list }: SidebarProps) {
  return (
    <>
      <p className="brand">
        <Logo />
        Holdfast
      </p>
      <button type="button" className="new-button" onClick={onNew}>
        <PlusIcon />
        New conversation
      </button>
      <nav aria-label="Conversations" className="sidebar-nav">
        <ConversationList {...list} />
      </nav>
      <Toolsets />
    </>
  );
}
