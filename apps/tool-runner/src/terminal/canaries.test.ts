import { expect, it } from "@jest/globals";
import { releaseCanaries } from "./canaries.ts";
import { chooseIdentity } from "./identity.ts";
import type { LaunchCommand, Launcher, LaunchPlan } from "./launcher.ts";
import { PlainLauncher } from "./plain-launcher.ts";

const identity = chooseIdentity(process.getuid?.(), undefined);

it("[terminal.canaries] finds everything that a launcher lets through", async () => {
  const findings = await releaseCanaries(new PlainLauncher(identity), identity);
  const expected = [
    "a file outside the workspace could be written",
    "a file outside the workspace could be read",
    "a file of the workspace could be executed",
    // Another user's variables are closed to a tool whatever the launcher does.
    ...(identity ? [] : ["the runner's environment could be read"]),
    "a connection to the network could be made",
    "a process in a session of its own outlived its call",
    "a user namespace could be made",
  ];
  expect(findings?.split("; ")).toEqual(expected);
});

it("[terminal.canaries] believes no launcher under which ordinary work fails", async () => {
  class Broken implements Launcher {
    readonly tier = "T2";
    command(plan: LaunchPlan): LaunchCommand {
      return { file: "/bin/false", args: plan.args, identity, wrappers: [] };
    }
  }
  expect(await releaseCanaries(new Broken(), identity)).toBe("a harmless command failed: exit code 1");
});
