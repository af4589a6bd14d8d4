import type { LogLine } from "../ports/entry.ts";
import type { LogFollower } from "../ports/event-log.ts";

const DELETED = "!deleted";

/** Who follows which channel, and what a message there tells them. */
export class Followers {
  readonly #byChannel = new Map<string, Set<LogFollower>>();

  get channels(): string[] {
    return [...this.#byChannel.keys()];
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  add(channel: string, follower: LogFollower): void {
    const followers = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, followers);
    followers.add(follower);
  }

  /** True when nobody follows the channel any more. */
  remove(channel: string, follower: LogFollower): boolean {
    const followers = this.#byChannel.get(channel);
    followers?.delete(follower);
    if (followers?.size !== 0) return false;
    this.#byChannel.delete(channel);
    return true;
  }

  deliver(channel: string, message: string): void {
    const followers = this.#byChannel.get(channel);
    if (!followers) return;
    if (message === DELETED) {
      for (const follower of followers) follower.onDeleted();
      return;
    }
    const lines = parseLines(message);
    for (const follower of followers) follower.onLines(lines);
  }

  /** Messages may have been missed there. */
  resubscribed(channel: string): void {
    for (const follower of this.#byChannel.get(channel) ?? []) follower.onResubscribed();
  }
}

function parseLines(message: string): LogLine[] {
  return message.split("\n").map((line) => {
    const space = line.indexOf(" ");
    return { id: line.slice(0, space), payload: line.slice(space + 1) };
  });
}
