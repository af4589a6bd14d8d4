import OpenAI from "openai";

/**
 * Which optional fields of a request a server takes. "OpenAI-compatible" leaves much open, and OpenAI's own models differ:
 * one wants `max_tokens`, one refuses it. A refusal (400 or 422) names the field, in `param` or in its words; the field is
 * then left out or replaced, for this model from then on, and the request goes out again at once.
 */
export const OPTIONAL_FIELDS = [
  "max_completion_tokens",
  "max_tokens",
  "max_output_tokens",
  "stream_options",
  "parallel_tool_calls",
  "temperature",
  "include",
  "store",
  "strict",
] as const;
export type OptionalField = (typeof OPTIONAL_FIELDS)[number];

export class Dialect {
  readonly #refused = new Set<OptionalField>();

  takes(field: OptionalField): boolean {
    return !this.#refused.has(field);
  }

  /** Remembers a field that `error` complains of, among those that were sent. False: there is nothing to learn. */
  learn(error: unknown, sent: readonly OptionalField[]): boolean {
    if (!(error instanceof OpenAI.APIError) || (error.status !== 400 && error.status !== 422)) return false;
    const blamed = blamedField(
      error,
      sent.filter((field) => this.takes(field)),
    );
    if (blamed === undefined) return false;
    this.#refused.add(blamed);
    return true;
  }
}

/** What has been learned, by model. */
export class Dialects {
  readonly #byModel = new Map<string, Dialect>();

  of(model: string): Dialect {
    const known = this.#byModel.get(model) ?? new Dialect();
    this.#byModel.set(model, known);
    return known;
  }
}

function blamedField(
  error: InstanceType<typeof OpenAI.APIError>,
  sent: readonly OptionalField[],
): OptionalField | undefined {
  const param = typeof error.param === "string" ? error.param : "";
  const byParam = sent.find((field) => param === field || param.startsWith(`${field}.`) || param.endsWith(`.${field}`));
  if (byParam) return byParam;
  // "Use 'max_completion_tokens' instead" names two fields; the refused one comes first.
  const byPlace = sent
    .map((field) => ({ field, at: error.message.search(new RegExp(`\\b${field}\\b`)) }))
    .filter(({ at }) => at !== -1)
    .toSorted((a, b) => a.at - b.at)[0]?.field;
  if (byPlace) return byPlace;
  if (sent.includes("include") && /encrypted content/i.test(error.message)) return "include";
  if (sent.includes("strict") && /^tools\b/.test(param) && /schema/i.test(error.message)) return "strict";
  return undefined;
}

/** Opens a request, and again without what the server refuses, as long as something is learned from refusals. */
export async function openInDialect<Answer, Body extends object>(
  dialect: Dialect,
  build: () => { readonly body: Body; readonly sent: readonly OptionalField[] },
  send: (body: Body) => PromiseLike<Answer>,
): Promise<Answer> {
  for (;;) {
    const { body, sent } = build();
    try {
      return await send(body);
    } catch (error) {
      if (!dialect.learn(error, sent)) throw error;
    }
  }
}
