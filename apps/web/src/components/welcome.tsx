import type { HoldfastError } from "@holdfast/client";
import { Logo } from "./icons.tsx";

/** What stands in a conversation without messages. */
export function Welcome({ isDemo }: { isDemo: boolean }) {
  return (
    <div className="welcome">
      <Logo />
      <h2>What can I do for you?</h2>
      <p>
        {isDemo
          ? "Ask anything, or ask to see the tools at work."
          : "Answers stream in as they are written. Close the page and come back: nothing is lost."}
      </p>
    </div>
  );
}

/** What stands there where the conversation cannot be shown. */
export function Absent({ problem }: { problem: HoldfastError }) {
  const isDeleted = problem.code === "conversation_deleted";
  return (
    <div className="welcome">
      <h2>{isDeleted ? "This conversation was deleted" : "There is no such conversation"}</h2>
      <p>
        {isDeleted ? "Its messages are gone for good." : "Its address may be incomplete, or it was kept too long ago."}
      </p>
    </div>
  );
}

export function DemoBanner() {
  return (
    <p className="banner" data-tone="demo">
      <strong>Demo mode.</strong> Answers come from the built-in demo model. Set <code>OPENAI_API_KEY</code> to talk to
      a real one.
    </p>
  );
}
