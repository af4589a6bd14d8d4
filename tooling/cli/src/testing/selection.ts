/** Which tests `npm test` runs, in jest's words. Everything unless `--only` says otherwise; further arguments go to jest. */
const AREAS = ["unit", "e2e", "browser"] as const;
type Area = (typeof AREAS)[number];

export interface Selection {
  /** Jest's arguments, for one run after another. */
  readonly rounds: readonly (readonly string[])[];
  readonly needsBrowser: boolean;
  readonly needsPage: boolean;
}

const IGNORED = ["/node_modules/", "/dist/"];
const E2E = ["tests/(e2e|process)/"];
const BROWSER = ["tests/browser/", "apps/web/.*browser"];
/** They hold whole stacks to bounds in time: what ran beside them would be measured too. */
const ALONE = ["tests/(chaos|trouble)/"];

const only = (patterns: readonly string[]) => patterns.flatMap((pattern) => ["--testPathPatterns", pattern]);
const without = (patterns: readonly string[]) =>
  [...IGNORED, ...patterns].flatMap((pattern) => ["--testPathIgnorePatterns", pattern]);
const alone = ["--runInBand", ...only(ALONE)];

function roundsFor(area: Area | undefined): string[][] {
  if (area === undefined) return [without(ALONE), alone];
  if (area === "unit") return [without([...E2E, ...BROWSER, ...ALONE])];
  return area === "e2e" ? [only(E2E), alone] : [only(BROWSER)];
}

/** Throws when `--only` names no area. */
export function selectTests(args: readonly string[]): Selection {
  const at = args.indexOf("--only");
  const area = at === -1 ? undefined : AREAS.find((name) => name === args[at + 1]);
  if (at !== -1 && area === undefined) throw new Error(`--only takes one of ${AREAS.join(", ")}`);
  const rest = at === -1 ? args : args.toSpliced(at, 2);
  // Who names files has chosen what runs: the areas would only add to it.
  const isChosen = area === undefined && rest.some((arg) => !arg.startsWith("-") || arg.startsWith("--testPath"));
  const rounds = isChosen ? [[]] : roundsFor(area);
  return {
    rounds: rounds.map((round) => [...round, ...(rounds.length > 1 ? ["--passWithNoTests"] : []), ...rest]),
    needsBrowser: area === undefined || area === "browser",
    needsPage: area !== "unit",
  };
}
