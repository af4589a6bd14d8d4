import { chatTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import type { Outbox, PutNote } from "../conversations/outbox.ts";
import type { Entry } from "../ports/entry.ts";
import { BusUnavailable } from "../ports/errors.ts";
import type { ClaimedRun, RunEnding } from "../ports/runs.ts";
import type { BuriedMessage, DeadLetterError } from "../queue/bury.ts";

/** Field of a run's hash: the dead letter of its message, from the run's end until the letter is written. */
export const LETTER_FIELD = "letter";

/**
 * The dead letter that a run leaves which is given up. It is written elsewhere than the run's end, by the one who holds the
 * queue entry; where that one dies in between, the outbox's sweep writes it from here.
 */
export interface OwedLetter {
  readonly topic: string;
  readonly message: BuriedMessage;
  readonly error: DeadLetterError;
}

/** `entry` is the one that the run was claimed for: perhaps its message's own. */
export function owedLetter(
  run: ClaimedRun,
  entry: Entry | undefined,
  error: NonNullable<RunEnding["givenUp"]>,
): OwedLetter {
  const { messageId: id, startedAtMs: firstSeenMs, source } = run;
  const own = entry?.id === id ? entry : undefined;
  const from = own ? { entryId: own.entryId, deliveries: source?.deliveries ?? 1 } : source;
  const payload = own?.payload ?? JSON.stringify(run.envelope);
  return {
    topic: chatTopic(run.agent),
    message: { id, payload, firstSeenMs, ...(from ? { source: from } : {}) },
    error,
  };
}

/** The letter is written. Where Redis is away now, the sweep writes it a second time. */
export async function forgetLetter(commands: Commands, outbox: Outbox, key: string, put: PutNote): Promise<void> {
  try {
    await commands.send((redis) => redis.hdel(key, LETTER_FIELD));
    await outbox.remove(put);
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
  }
}
