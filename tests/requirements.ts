import { approvals } from "./requirements/approvals.ts";
import { contract } from "./requirements/contract.ts";
import { killMatrix } from "./requirements/kill-matrix.ts";
import { mcp } from "./requirements/mcp.ts";
import { page } from "./requirements/page.ts";
import { questions } from "./requirements/questions.ts";
import { reader } from "./requirements/reader.ts";
import { redisTrouble } from "./requirements/redis-trouble.ts";
import { retention } from "./requirements/retention.ts";
import { routes } from "./requirements/routes.ts";
import { runs } from "./requirements/runs.ts";
import { services } from "./requirements/services.ts";
import { start } from "./requirements/start.ts";
import { streams } from "./requirements/streams.ts";
import { takeover } from "./requirements/takeover.ts";
import { terminal } from "./requirements/terminal.ts";
import { wholePath } from "./requirements/whole-path.ts";
import { worker } from "./requirements/worker.ts";

/** The promises by area. */
export const areas = {
  start,
  reader,
  page,
  contract,
  runs,
  takeover,
  retention,
  approvals,
  questions,
  worker,
  services,
  terminal,
  mcp,
  streams,
  routes,
  wholePath,
  killMatrix,
  redisTrouble,
} as const;

/**
 * Every promise of the contract, as data: an id and one sentence with its place in docs/protocol.md; a file for each area.
 * A test that verifies a promise starts its title with `[id]`; `coverage.test.ts` fails on an id that no test names, on a test
 * that names an unknown id, and on an id that two areas use.
 */
export const requirements: Readonly<Record<string, string>> = Object.assign({}, ...Object.values(areas));
