import { isValidElement, type ReactNode, useEffect, useState } from "react";
import { copyText } from "../../copy-text.ts";
import { CheckIcon, CopyIcon } from "../icons.tsx";

const SHOW_COPIED_MS = 1_500;

/** Fenced code with its language and a button that copies it. `children` is the `code` element. */
export function CodeBlock({ children }: { children: ReactNode }) {
  const { className, text } = contentOf(children);
  const language = /language-(\S+)/.exec(className)?.[1];
  return (
    <figure className="code-block" aria-label={language ? `${language} code` : "code"}>
      <figcaption>
        <span>{language ?? "text"}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre>{children}</pre>
    </figure>
  );
}

function contentOf(children: ReactNode): { className: string; text: string } {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children)) return { className: "", text: "" };
  const { className, children: text } = children.props;
  return { className: className ?? "", text: typeof text === "string" ? text.replace(/\n$/, "") : "" };
}

function CopyButton({ text }: { text: string }) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), SHOW_COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button type="button" className="ghost-button" onClick={() => void copyText(text).then(setIsCopied)}>
      {isCopied ? <CheckIcon /> : <CopyIcon />}
      {isCopied ? "Copied" : "Copy"}
    </button>
  );
}
