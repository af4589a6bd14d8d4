import { expect, it } from "@jest/globals";
import { Slots } from "./slots.ts";

it("lets no more in than there are places, and the others in the order they came", async () => {
  const slots = new Slots(1);
  const entered: string[] = [];
  const enter = (name: string) => slots.take().then(() => entered.push(name));
  await enter("a");
  const rest = [enter("b"), enter("c")];
  await Promise.resolve();
  expect(entered).toEqual(["a"]);
  expect(slots.free).toBe(0);
  slots.giveBack();
  await rest[0];
  expect(entered).toEqual(["a", "b"]);
  slots.giveBack();
  await rest[1];
  slots.giveBack();
  expect(slots.free).toBe(1);
});
