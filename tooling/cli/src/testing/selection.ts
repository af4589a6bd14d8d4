/** Which tests `npm test` runs, in jest's words. Everything unless `--only` says otherwise; further arguments go to jest. */
const AREAS = ["unit", "e2e", "browser"] as const;
type Area = (typeof AREAS)[number];

export interface Selection {
  readonly jestArgs: readonly string[];
  readonly needsBrowser: boolean;
  readonly needsPage: boolean;
}

const IGNORED = ["/node_modules/", "/dist/"];
const FOLDERS = { unit: [], e2e: ["tests/(e2e|process|chaos)/"], browser: ["tests/browser/", "apps/web/.*browser"] };

function argsFor(only: Area | undefined): string[] {
  if (only === undefined) return [];
  if (only !== "unit") return FOLDERS[only].flatMap((pattern) => ["--testPathPatterns", pattern]);
  const others = [...FOLDERS.e2e, ...FOLDERS.browser];
  return [...IGNORED, ...others].flatMap((pattern) => ["--testPathIgnorePatterns", pattern]);
}

/** Throws when `--only` names no area. */
export function selectTests(args: readonly string[]): Selection {
  const at = args.indexOf("--only");
  const only = at === -1 ? undefined : AREAS.find((area) => area === args[at + 1]);
  if (at !== -1 && only === undefined) throw new Error(`--only takes one of ${AREAS.join(", ")}`);
  const rest = at === -1 ? args : args.toSpliced(at, 2);
  return {
    jestArgs: [...argsFor(only), ...rest],
    needsBrowser: only === undefined || only === "browser",
    needsPage: only !== "unit",
  };
}
