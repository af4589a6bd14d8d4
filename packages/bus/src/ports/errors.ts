/** Redis did not answer in time or is away. What was asked may or may not have happened: ask again with the same ids. */
export class BusUnavailable extends Error {
  override readonly name = "BusUnavailable";
}

/** Another owner has the run's lease: stop at once and write nothing more. */
export class Fenced extends Error {
  override readonly name = "Fenced";
}
