import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/**
 * Keeps a scrolling box at its end while its content grows, as long as the reader is there. Scrolling up lets go; coming
 * back to the end, or `toBottom`, takes hold again.
 */
export interface StickToBottom {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAway: boolean;
  readonly toBottom: () => void;
}

/** Nearer than this to the end counts as being there. */
const NEAR_PX = 48;

export function useStickToBottom(): StickToBottom {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isHeld = useRef(true);
  const [isAway, setIsAway] = useState(false);

  const toBottom = useCallback(() => {
    isHeld.current = true;
    setIsAway(false);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, []);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return undefined;
    const observer = new ResizeObserver(() => {
      if (isHeld.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    let lastTop = box.scrollTop;
    const onScroll = () => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      // Growing content also makes the end far; only the reader moves up.
      if (isNear) isHeld.current = true;
      else if (box.scrollTop < lastTop) isHeld.current = false;
      lastTop = box.scrollTop;
      setIsAway(!isHeld.current);
    };
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => box.removeEventListener("scroll", onScroll);
  }, []);

  return { scroller, content, isAway, toBottom };
}
