import { styleText } from "node:util";

const NAME_WIDTH = 12;

/** The lines a person sees while the stack starts: one per finished step. */
export interface Progress {
  done(step: string, detail: string): void;
  busy(step: string, detail: string): void;
  warn(text: string): void;
}

export const progress: Progress = {
  done: (step, detail) =>
    console.log(`  ${styleText("green", "✓")} ${step.padEnd(NAME_WIDTH)} ${styleText("dim", detail)}`),
  busy: (step, detail) => console.log(`  ${styleText("yellow", "…")} ${step.padEnd(NAME_WIDTH)} ${detail}`),
  warn: (text) => console.log(`  ${styleText("yellow", "!")} ${text}`),
};
