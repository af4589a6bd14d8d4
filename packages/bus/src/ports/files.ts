import type { FileAnswer, FileQuestion } from "@holdfast/protocol";

/** Questions about the files of conversations, and their answers (see FileQuestion). */
export interface Files {
  /** Undefined where no tool-runner answered within `withinMs`. */
  ask(question: Omit<FileQuestion, "until">, withinMs: number): Promise<FileAnswer | undefined>;
  /** To the question whose entry has this id. */
  answer(questionId: string, answer: FileAnswer): Promise<void>;
}
