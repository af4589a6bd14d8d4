import { type ReactNode, useId, useState } from "react";
import { ChevronIcon } from "./icons.tsx";

/** A heading that opens and closes what it is about. */
export function Disclosure(props: {
  heading: ReactNode;
  className?: string;
  isOpenAtFirst?: boolean;
  children: ReactNode;
}) {
  const [isOpen, setIsOpen] = useState(props.isOpenAtFirst ?? false);
  const id = useId();
  return (
    <div className={`disclosure ${props.className ?? ""}`} data-open={isOpen}>
      <button
        type="button"
        className="disclosure-heading"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
      >
        <ChevronIcon />
        {props.heading}
      </button>
      <div id={id} hidden={!isOpen} className="disclosure-body">
        {isOpen && props.children}
      </div>
    </div>
  );
}
