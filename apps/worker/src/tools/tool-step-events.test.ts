import { expect, it } from "@jest/globals";
import { ToolStepEvents } from "./tool-step-events.ts";

it("[worker.late-output] shows no output of a call after its end, however late it is heard", () => {
  const statuses: unknown[] = [];
  const append = (event: object): void => void statuses.push("status" in event ? event.status : event);
  const call = { id: "c", name: "files__ls", arguments: "{}" };
  const events = new ToolStepEvents({ append }, { step: 0, index: 0, call, wasStarted: false }, call.name);
  events.started();
  events.output("one");
  events.ended({ status: "completed", text: "one" }, 5);
  events.output("two");
  expect(statuses).toEqual(["started", "output", "completed"]);
});
