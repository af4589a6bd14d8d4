/** The whole path, on the real services (protocol §2–§5, §9). */
export const wholePath = {
  "path.answer": "A message is answered with streamed tokens, an output and usage (protocol §3.2)",
  "path.memory": "The model is given what was said before (protocol §1)",
  "path.tools": "Several tools of one step run in parallel, for real, and the model is told (protocol §2.7)",
  "path.resume": "A reader that drops and resumes ends with the exact text and no frame twice (protocol §3.4, §5.3)",
  "path.garbage": "A garbage entry goes to the dead letters and the worker goes on (protocol §2.4)",
  "path.cancel": "Cancel ends the run and keeps the text shown (protocol §4)",
  "path.page": "The page answers and shows the same after a reload (protocol §9)",

  "sse.join": "A reader that joins between history and live delivery misses and repeats nothing (protocol §5.3)",
} as const;
