import { expect, it } from "@jest/globals";
import { CallAssembly, type CallDelta } from "./call-assembly.ts";

function assembled(...deltas: CallDelta[]) {
  const assembly = new CallAssembly();
  for (const delta of deltas) assembly.add(delta);
  return assembly.calls;
}

it("joins interleaved deltas of numbered calls", () => {
  expect(
    assembled(
      { index: 0, id: "a", function: { name: "ls", arguments: "" } },
      { index: 1, id: "b", function: { name: "cat", arguments: "" } },
      { index: 1, function: { arguments: '{"p":' } },
      { index: 0, function: { arguments: "{}" } },
      { index: 1, function: { arguments: "1}" } },
    ),
  ).toEqual([
    { id: "a", name: "ls", arguments: "{}" },
    { id: "b", name: "cat", arguments: '{"p":1}' },
  ]);
});

it("tells calls apart by id where every call is numbered 0", () => {
  expect(
    assembled(
      { index: 0, id: "a", function: { name: "ls", arguments: "{}" } },
      { index: 0, id: "b", function: { name: "ls", arguments: '{"x":1}' } },
      { index: 0, function: { arguments: "" } },
    ),
  ).toEqual([
    { id: "a", name: "ls", arguments: "{}" },
    { id: "b", name: "ls", arguments: '{"x":1}' },
  ]);
});

it("takes whole calls that have neither number nor id", () => {
  expect(
    assembled({ function: { name: "ls", arguments: "{}" } }, { function: { name: "cat", arguments: { path: "a" } } }),
  ).toEqual([
    { id: "", name: "ls", arguments: "{}" },
    { id: "", name: "cat", arguments: '{"path":"a"}' },
  ]);
});

it("takes a repeated name once", () => {
  expect(
    assembled(
      { index: 0, id: "a", function: { name: "ls", arguments: "{" } },
      { index: 0, id: "a", function: { name: "ls", arguments: "}" } },
    ),
  ).toEqual([{ id: "a", name: "ls", arguments: "{}" }]);
});
