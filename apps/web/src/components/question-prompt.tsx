import type { ApprovalState, HoldfastError, QuestionState } from "@holdfast/client";
import type { FormContent } from "@holdfast/protocol";
import { type FormEvent, useId, useMemo, useRef, useState } from "react";
import type { Decide } from "./approval-prompt.tsx";
import { QuestionField } from "./question-field.tsx";
import { contentOf, type Entered, fieldsOf, initialForm, isUnreadable, unreadableProblem } from "./question-form.ts";
import { formatTime } from "./tool-presentation.ts";

export interface QuestionPromptProps {
  readonly approval: ApprovalState;
  readonly question: QuestionState;
  readonly onDecide: Decide;
}

const FIELD = /^content\./;

/** What a tool's server wants to know before it goes on. Whose words these are stands above them: the reader decides whom to tell. */
export function QuestionPrompt({ approval, question, onDecide }: QuestionPromptProps) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const fields = useMemo(() => fieldsOf(question.form), [question.form]);
  const [entered, setEntered] = useState(() => initialForm(fields));
  const { isDeciding, error, decide } = useDecision(approval.approvalId, onDecide);
  const [unreadable, setUnreadable] = useState<ReadonlyMap<string, string>>(new Map());
  const problems = unreadable.size > 0 ? unreadable : problemsByField(error);
  const control = (index: number) => form.current?.querySelector<HTMLInputElement>(`[id="${id}-${index}"]`);
  const enter = (name: string, value: Entered) => setEntered((before) => ({ ...before, [name]: value }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // Such a control has no value: sent without a word, its field would be left out.
    const unread = fields.filter(
      (view, index) => control(index)?.validity.badInput || isUnreadable(view, entered[view.name] ?? ""),
    );
    const found = new Map(unread.map((view) => [view.name, unreadableProblem(view)]));
    setUnreadable(found);
    const wrong = found.size > 0 ? found : problemsByField(await decide("approve", contentOf(fields, entered)));
    control(fields.findIndex(({ name }) => wrong.has(name)))?.focus();
  };
  return (
    <form
      ref={form}
      className="approval question"
      aria-labelledby={id}
      noValidate
      onSubmit={(event) => void submit(event)}
    >
      <p id={id}>
        The server <strong>{question.toolset}</strong> asks, to go on with <strong>{approval.name}</strong>
        {approval.expiresAt && <span className="soft"> until {formatTime(approval.expiresAt)}</span>}
      </p>
      <p className="question-message">{question.message}</p>
      {fields.map((view, index) => (
        <QuestionField
          key={view.name}
          view={view}
          id={`${id}-${index}`}
          entered={entered[view.name] ?? ""}
          problem={problems.get(view.name)}
          onEnter={enter}
        />
      ))}
      <div className="approval-actions">
        <button type="submit" className="primary-button" disabled={isDeciding}>
          Answer
        </button>
        <button type="button" className="plain-button" disabled={isDeciding} onClick={() => void decide("reject")}>
          Decline
        </button>
        {(error !== undefined || problems.size > 0) && (
          <span role="alert" className="inline-error">
            {problems.size > 0 ? "Something in the form does not fit." : error?.message}
          </span>
        )}
      </div>
    </form>
  );
}

function useDecision(approvalId: string, onDecide: Decide) {
  const [isDeciding, setIsDeciding] = useState(false);
  const [error, setError] = useState<HoldfastError | undefined>();
  const decide = async (decision: "approve" | "reject", content?: FormContent) => {
    setIsDeciding(true);
    const failed = await onDecide(approvalId, decision, content);
    setError(failed);
    // Once decided, the stream takes this prompt away; until then a second press could only conflict.
    if (failed) setIsDeciding(false);
    return failed;
  };
  return { isDeciding, error, decide };
}

function problemsByField(error: HoldfastError | undefined): ReadonlyMap<string, string> {
  const own = error?.problem?.errors?.filter(({ path }) => FIELD.test(path)) ?? [];
  return new Map(own.map(({ path, message }) => [path.replace(FIELD, ""), message]));
}
