/**
 * Microseconds of CLOCK_MONOTONIC, which every process of a machine reads the same: the model writes it into each token, the
 * load client subtracts it on arrival.
 */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1_000);
}
