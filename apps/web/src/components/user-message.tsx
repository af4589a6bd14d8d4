import { memo } from "react";

/** What the reader, or another user of the conversation, wrote: shown as typed. */
export const UserMessage = memo(function UserMessage({ content, isPending }: { content: string; isPending: boolean }) {
  return (
    <article aria-label="You" aria-busy={isPending} className="user-message">
      <h2 className="visually-hidden">You</h2>
      <p>{content}</p>
    </article>
  );
});
