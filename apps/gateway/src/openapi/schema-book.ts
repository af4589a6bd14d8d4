import { z } from "zod";

/**
 * JSON Schemas by name. A schema that the protocol package exports is written once under that name and referred to
 * wherever it stands, also inside others; only the names in use end up in the book.
 */
export interface SchemaBook {
  /** A reference where the schema has a name, else the schema itself. */
  of(schema: z.ZodType): Record<string, unknown>;
  /** Every named schema that was asked for, with those they refer to. */
  used(): Record<string, unknown>;
}

const uri = (name: string): string => `#/components/schemas/${name}`;
const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

export function createSchemaBook(exports: Readonly<Record<string, unknown>>): SchemaBook {
  const names = new Map<z.ZodType, string>();
  const registry = z.registry<{ id: string }>();
  for (const [name, value] of Object.entries(exports)) {
    if (!(value instanceof z.ZodType) || names.has(value)) continue;
    names.set(value, name);
    registry.add(value, { id: name });
  }
  const { schemas } = settled(z.toJSONSchema(registry, { uri, io: "input", unrepresentable: "any" }));
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const [, referred] of JSON.stringify(schemas[name]).matchAll(REFERENCE)) want(referred ?? "");
  };
  return {
    of: (schema) => {
      const name = names.get(schema);
      if (name === undefined) return bare(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
      want(name);
      return { $ref: uri(name) };
    },
    used: () => Object.fromEntries([...wanted].toSorted().map((name) => [name, bare(schemas[name] ?? {})])),
  };
}

/** Any JSON value is the empty schema; zod spells the recursion out in a place of its own. */
function settled<Book>(book: Book): Book {
  const isRecursion = (value: unknown): boolean =>
    typeof value === "object" && value !== null && "$ref" in value && String(value.$ref).startsWith(uri("__shared"));
  return JSON.parse(JSON.stringify(book), (_key, value: unknown) => (isRecursion(value) ? {} : value)) as Book;
}

/** Without what names a document of its own: here it is part of one. */
function bare({ $schema: _schema, $id: _id, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}
