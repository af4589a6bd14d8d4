/**
 * `npm start`: the whole stack on one machine, until Ctrl-C.
 *
 * Redis, the page and the choice of ports go on at once; the services follow as soon as Redis serves. Everything that runs is
 * known to a keeper, so that nothing is left behind even when this process is killed. Stopping goes from the outside in:
 * gateway, worker, tool-runner, demo model, and Redis last, when nobody writes to it any more.
 */
import { mkdirSync } from "node:fs";
import { styleText } from "node:util";
import { progress } from "./console/progress.ts";
import { Stack } from "./stack/stack.ts";
import { claimDirectory } from "./stack/one-at-a-time.ts";
import { GivenUp } from "./stack/supervised-child.ts";
import { loadDotEnv, readSettings, type Settings } from "./settings.ts";

async function main(settings: Settings): Promise<void> {
  mkdirSync(settings.dataDirectory, { recursive: true });
  const claim = await claimDirectory(settings.dataDirectory);
  if ("takenBy" in claim) {
    throw new GivenUp(
      `Holdfast already runs here: ${claim.takenBy}\nStop that one first, or set HOLDFAST_DATA_DIR to start a second one.`,
      1,
    );
  }
  const stack = new Stack(settings);
  const leave = async (exitCode: number) => {
    claim.stopping();
    await stack.stop();
    claim.release();
    process.exit(exitCode);
  };
  stopOnRequest(leave, () => stack.kill());
  const giveUp = (error: unknown) => {
    if (stack.isStopping) return;
    console.error(`\n${describe(error)}`);
    void leave(error instanceof GivenUp ? error.exitCode : 1);
  };
  stack.ended.catch(giveUp);
  try {
    const url = await stack.start();
    claim.serves(url);
    const model = settings.isDemo ? " (demo model; set OPENAI_API_KEY for a real one)" : "";
    console.log(`\nHoldfast is ready: ${styleText("bold", url)}${model}\nCtrl-C stops everything.\n`);
  } catch (error) {
    giveUp(error);
  }
}

/** The first request stops in order, a second one at once. The launcher's end, by whatever means, is a request too. */
function stopOnRequest(leave: (exitCode: number) => Promise<void>, kill: () => void): void {
  let isStopping = false;
  const request = () => {
    if (isStopping) {
      kill();
      process.exit(1);
    }
    isStopping = true;
    progress.busy("stopping", "everything (once more to do it at once)");
    void leave(0);
  };
  process.on("SIGINT", request);
  process.on("SIGTERM", request);
  process.on("SIGHUP", request);
  process.once("disconnect", () => {
    if (!isStopping) request();
  });
  // A closed terminal is no reason to leave anything behind.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

try {
  loadDotEnv();
  await main(readSettings(process.env, process.argv.slice(2)));
} catch (error) {
  console.error(describe(error));
  process.exit(error instanceof GivenUp ? error.exitCode : 1);
}
