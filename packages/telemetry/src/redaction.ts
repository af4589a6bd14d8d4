/*
 * Nothing secret leaves through telemetry or through an event shown to a user.
 *
 * Three rules, applied together by `redact`:
 *   1. values that were registered (an API key read from the environment) are masked wherever they appear, also in their
 *      percent-encoded and JSON-escaped spellings;
 *   2. values under a key whose name says secret (`authorization`, `api_key`, `token`, …) are masked whole;
 *   3. text that looks like a credential (`sk-…`, `Bearer …`, `user:pass@` in a URL, a private key, …) is masked.
 * `maskSecrets` applies only rule 1: it changes nothing but configured secrets, for text a human must judge exactly.
 *
 * Every pattern is anchored or bounded, so that hostile text of any length is scanned in linear time.
 */

export const REDACTED = "[redacted]";

/** Shorter values would mask ordinary words. */
const SHORTEST_SECRET = 4;
const DEEPEST = 32;
/** Objects and arrays copied at most: somebody will log a socket one day. */
const MOST_NODES = 50_000;

const spellings = new Set<string>();
let registered: RegExp | undefined;
let shortestRegistered = Infinity;

/** Masks this value from now on in every log line and every redacted text. Values under 4 characters are ignored. */
export function registerSecret(value: string): void {
  const bare = value.trim();
  if (bare.length < SHORTEST_SECRET || spellings.has(bare)) return;
  for (const spelling of [bare, percentEncoded(bare), JSON.stringify(bare).slice(1, -1)]) spellings.add(spelling);
  // Longest first: where one secret contains another, the whole of it goes.
  const alternatives = [...spellings].toSorted((a, b) => b.length - a.length).map(escapeForRegExp);
  registered = new RegExp(alternatives.join("|"), "g");
  shortestRegistered = Math.min(shortestRegistered, ...Array.from(spellings, ({ length }) => length));
  judged.clear();
}

const SECRET_WORDS = new Set([
  "authorization", "apikey", "token", "password", "passwd", "passphrase", "secret", "secrets", "cookie", "cookies",
  "credential", "credentials", "bearer",
]); // biome-ignore format: a list reads best as a list
const SECRET_PAIRS = new Set(["api key", "access key", "private key", "account key", "signing key"]);

/** Names of fields are few and come again all the time; somebody else's may be many. */
const MOST_NAMES = 1_000;
interface FieldName {
  readonly isSecret: boolean;
  /** As it may be shown. */
  readonly shown: string;
}
const judged = new Map<string, FieldName>();

function judge(name: string): FieldName {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const found = { isSecret: saysSecret(name), shown: redactText(name) };
  if (judged.size < MOST_NAMES) judged.set(name, found);
  return found;
}

/** True when a field of this name holds a secret: `api_key`, `X-Api-Key`, `refreshToken`; not `input_tokens`. */
export const isSecretKey = (name: string): boolean => judge(name).isSecret;

/** `redactText` of a name, which most often was asked for before. */
export const redactName = (name: string): string => judge(name).shown;

function saysSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word, at) => SECRET_WORDS.has(word) || SECRET_PAIRS.has(`${word} ${words[at + 1] ?? ""}`));
}

const NAMES = "(?:api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|token|password|passwd|passphrase)";
const VALUE = `(?:"[^"\\n]{1,2000}"|'[^'\\n]{1,2000}'|[^\\s"'&;,)]{1,2000})`;

const CREDENTIALS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g, REDACTED],
  [
    /^([ \t]*(?:proxy-)?authorization|[ \t]*(?:set-)?cookie|[ \t]*x-api-key)([ \t]{0,8}:[ \t]{0,8})[^\r\n]+/gim,
    `$1$2${REDACTED}`,
  ],
  [/(:\/\/)[^\s/?#"'@:]{0,256}:[^\s/?#"']{1,512}@/g, `$1${REDACTED}@`],
  [/\b(bearer)([ \t]{1,8})[\w.~+/=-]{4,}/gi, `$1$2${REDACTED}`],
  [/\b(Basic)([ \t]{1,8})(?=[a-z+/]{0,200}[0-9A-Z=])[\w+/=]{8,}/g, `$1$2${REDACTED}`],
  [/(?<![\w-])(?:sk|pk|rk)-[\w-]{6,}/g, REDACTED],
  [/(?<![\w-])(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_|hf_)[\w-]{16,}/g, REDACTED],
  [/(?<![\w-])AKIA[0-9A-Z]{16}\b/g, REDACTED],
  [/(?<![\w-])AIza[\w-]{35}/g, REDACTED],
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}/g, REDACTED],
  // `--password hunter2`, `API_KEY=…`, `"token": "…"`: an assignment in text, where no key tells us.
  [new RegExp(`(--[a-z-]{0,20}${NAMES}[ =])${VALUE}`, "gi"), `$1${REDACTED}`],
  [new RegExp(`(?<![\\w-])([\\w-]{0,40}${NAMES}=)${VALUE}`, "gi"), `$1${REDACTED}`],
  [new RegExp(`("[\\w-]{0,40}${NAMES}"\\s{0,8}:\\s{0,8})"[^"\\n]{1,2000}"`, "gi"), `$1"${REDACTED}"`],
];

/** Copies a text or a JSON-like value with everything secret masked. Never throws; cycles and odd values become text. */
export function redact<T>(value: T): T {
  return copy(value, { mask: redactText, name: redactName, hides: hidesWhole, left: MOST_NODES }, []) as T;
}

/** Copies a text or a JSON-like value with only the registered secrets masked. */
export function maskSecrets<T>(value: T): T {
  return copy(value, { mask: maskText, name: maskText, hides: () => false, left: MOST_NODES }, []) as T;
}

function maskText(text: string): string {
  return registered === undefined || text.length < shortestRegistered ? text : text.replace(registered, REDACTED);
}

/** Most of what is logged: ids, times, numbers, and words too short for any of the patterns. None of them can match it. */
const HARMLESS = /^(?:[0-9a-fTZ:.-]*|[a-z_.]{1,15})$/;

/** Rules 1 and 3 for one text. */
export function redactText(text: string): string {
  if (HARMLESS.test(text)) return maskText(text);
  return CREDENTIALS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), maskText(text));
}

interface Copying {
  readonly mask: (text: string) => string;
  readonly name: (name: string) => string;
  readonly hides: (key: string, value: unknown) => boolean;
  left: number;
}

function copy(value: unknown, how: Copying, above: readonly object[]): unknown {
  if (typeof value === "string") return how.mask(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return "[circular]";
  how.left -= 1;
  if (above.length >= DEEPEST || how.left < 0) return "[too large]";
  const path = [...above, value];
  const plain = asPlain(value);
  if (plain !== value) return copy(plain, how, path);
  if (Array.isArray(value)) return value.map((item) => copy(item, how, path));
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [how.name(key), how.hides(key, item) ? REDACTED : copy(item, how, path)]),
  );
}

/** Rule 2. A flag or a count under a telling name is no secret: `has_password: true`, `token: 17`. */
export function hidesWhole(key: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "boolean") return false;
  return isSecretKey(key) && !(typeof value === "number" && /token/i.test(key));
}

function asPlain(value: object): unknown {
  try {
    if (value instanceof Error) return { name: value.name, message: value.message };
    if (value instanceof Map) return Object.fromEntries(value);
    if (value instanceof Set) return [...value];
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if ("toJSON" in value && typeof value.toJSON === "function") return (value.toJSON as () => unknown)();
    return value;
  } catch {
    return "[unreadable]";
  }
}

function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // a lone surrogate has no encoding
  }
}

function escapeForRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
