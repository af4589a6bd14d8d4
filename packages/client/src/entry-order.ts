/**
 * The order of entry ids, `<epoch>-<seq>` (protocol §3.1), by their numbers. Here and not taken from `@holdfast/protocol`,
 * whose values bring its schemas with them: what runs in a page takes only types from there.
 */
export function isNewer(id: string, than: string): boolean {
  const [epoch, seq] = numbersOf(id);
  const [otherEpoch, otherSeq] = numbersOf(than);
  return epoch === otherEpoch ? seq > otherSeq : epoch > otherEpoch;
}

function numbersOf(id: string): [epoch: number, seq: number] {
  const dash = id.indexOf("-");
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
