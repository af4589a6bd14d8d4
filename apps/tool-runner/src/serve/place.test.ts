import { gate } from "@holdfast/testing";
import { expect, it } from "@jest/globals";
import { Slots } from "../mcp/slots.ts";
import { Place } from "./place.ts";

const NEVER = new AbortController().signal;

async function placeIn(slots: Slots) {
  const told: string[] = [];
  const leave = await slots.acquire(NEVER);
  if (!leave) throw new Error("no place was free");
  const place = new Place(slots, {
    leave,
    leaveExecutor: () => told.push("left"),
    onLent: (isLent) => told.push(isLent ? "lent" : "back"),
  });
  return { place, told };
}

it("[elicitation.places] a place is lent from a call's first open question to its last, and is one more then where none is free", async () => {
  const slots = new Slots(1, 10);
  const { place, told } = await placeIn(slots);
  const [first, second] = [gate(), gate()];
  const asked = [place.whileAsking(() => first.pass()), place.whileAsking(() => second.pass())];
  expect(slots.inUse).toBe(0);
  const other = await slots.acquire(NEVER);
  first.open();
  await asked[0];
  expect([slots.inUse, told]).toEqual([1, ["lent"]]);
  second.open();
  await asked[1];
  expect([slots.inUse, told]).toEqual([2, ["lent", "back"]]);
  other?.();
  expect(slots.isFull).toBe(true);
  place.leave();
  expect([slots.inUse, told]).toEqual([0, ["lent", "back", "left"]]);
});

it("[elicitation.places] a call that ends with a question open takes nothing back", async () => {
  const slots = new Slots(1, 10);
  const { place, told } = await placeIn(slots);
  const answer = gate();
  const asked = place.whileAsking(() => answer.pass());
  place.leave();
  answer.open();
  await asked;
  await place.whileAsking(async () => undefined);
  expect([slots.inUse, told]).toEqual([0, ["lent", "left", "back"]]);
});
