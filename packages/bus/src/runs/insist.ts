import { setTimeout as delay } from "node:timers/promises";
import { BusUnavailable } from "../ports/errors.ts";

const FIRST_PAUSE_MS = 100;
const PAUSE_CAP_MS = 2_000;

/**
 * Asks until Redis answers: a full, loading or absent Redis is waited for, and nothing that was shown is given up. Throws
 * what `refusal` gives as soon as it gives something, and every error that is not BusUnavailable.
 */
export async function insist<Answer>(ask: () => Promise<Answer>, refusal: () => Error | undefined): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const refused = refusal();
    if (refused) throw refused;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      await delay(Math.min(FIRST_PAUSE_MS * 2 ** tries, PAUSE_CAP_MS), undefined, { ref: false });
    }
  }
}
