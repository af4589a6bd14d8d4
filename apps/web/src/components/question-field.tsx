import type { Entered, FormFieldView } from "./question-form.ts";

export interface QuestionFieldProps {
  readonly view: FormFieldView;
  readonly id: string;
  readonly entered: Entered;
  /** Why the answer was not taken. */
  readonly problem: string | undefined;
  readonly onEnter: (name: string, value: Entered) => void;
}

/** One field of a question, with its label, its description and what was wrong with it. */
export function QuestionField(props: QuestionFieldProps) {
  const { view, id, problem } = props;
  const described = [view.description && `${id}-description`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const notes = (
    <>
      {view.description && (
        <p id={`${id}-description`} className="soft">
          {view.description}
        </p>
      )}
      {problem && (
        <p id={`${id}-problem`} className="inline-error">
          {problem}
        </p>
      )}
    </>
  );
  const aria = {
    "aria-describedby": described || undefined,
    "aria-invalid": problem !== undefined,
    "aria-required": view.isRequired,
  };
  if (view.kind === "choices") return <Choices {...props} aria={aria} notes={notes} />;
  return (
    <div className="question-field" data-kind={view.kind}>
      <label htmlFor={id}>
        {view.label}
        {view.isRequired && <RequiredMark />}
      </label>
      <Control {...props} aria={aria} />
      {notes}
    </div>
  );
}

type Aria = Readonly<
  Record<"aria-describedby", string | undefined> & Record<"aria-invalid" | "aria-required", boolean>
>;

function Control({ view, id, entered, onEnter, aria }: QuestionFieldProps & { aria: Aria }) {
  const { name, kind, inputType, choices, field, isRequired } = view;
  if (kind === "check") {
    const { "aria-required": _, ...rest } = aria;
    return (
      <input
        {...rest}
        id={id}
        type="checkbox"
        checked={entered === true}
        onChange={(event) => onEnter(name, event.target.checked)}
      />
    );
  }
  if (kind === "choice") {
    // By position: an empty text may be a choice too.
    const chosen = choices.findIndex(({ value }) => value === entered);
    return (
      <select
        {...aria}
        id={id}
        value={chosen}
        onChange={(event) => onEnter(name, choices[Number(event.target.value)]?.value ?? false)}
      >
        {(!isRequired || field.default === undefined || chosen < 0) && <option value={-1}>—</option>}
        {choices.map((choice, index) => (
          <option key={choice.value} value={index}>
            {choice.title}
          </option>
        ))}
      </select>
    );
  }
  const step = field.type === "integer" ? 1 : "any";
  return (
    <input
      {...aria}
      id={id}
      type={inputType}
      autoComplete="off"
      value={typeof entered === "string" ? entered : ""}
      onChange={(event) => onEnter(name, event.target.value)}
      {...(kind === "number" && { step })}
    />
  );
}

function Choices(props: QuestionFieldProps & { aria: Aria; notes: React.ReactNode }) {
  const { view, id, entered, onEnter, aria, notes } = props;
  const chosen = Array.isArray(entered) ? (entered as readonly string[]) : [];
  const toggle = (value: string, isChosen: boolean) => {
    // In the order of the form, whatever the order of the clicks.
    const next = view.choices
      .map((choice) => choice.value)
      .filter((one) => (one === value ? isChosen : chosen.includes(one)));
    onEnter(view.name, next);
  };
  return (
    <fieldset className="question-field" aria-describedby={aria["aria-describedby"]} data-kind="choices">
      <legend>
        {view.label}
        {view.isRequired && <RequiredMark />}
      </legend>
      {view.choices.map(({ value, title }, index) => (
        <label key={value} className="question-choice">
          <input
            id={index === 0 ? id : undefined}
            type="checkbox"
            aria-invalid={aria["aria-invalid"]}
            checked={chosen.includes(value)}
            onChange={(event) => toggle(value, event.target.checked)}
          />
          {title}
        </label>
      ))}
      {notes}
    </fieldset>
  );
}

function RequiredMark() {
  return (
    <span className="soft" aria-hidden="true">
      {" "}
      (required)
    </span>
  );
}
