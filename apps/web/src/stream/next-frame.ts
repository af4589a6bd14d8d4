/** How long a hidden page may show old text: browsers give it no animation frames, and it must not fall behind for ever. */
const HIDDEN_MS = 250;

/** Runs `publish` before the next paint, so that a burst of tokens is one rendering. */
export function onNextFrame(publish: () => void): void {
  if (document.visibilityState === "visible") requestAnimationFrame(publish);
  else setTimeout(publish, HIDDEN_MS);
}
