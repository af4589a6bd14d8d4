import { describe, expect, it } from "@jest/globals";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const GROUPS = ["apps", "packages", "tooling"];
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Manifest {
  readonly folder: string;
  readonly name: string;
  readonly type: string;
  readonly private: boolean;
  readonly license?: string;
  readonly files?: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const folders = GROUPS.flatMap((group) => readdirSync(join(ROOT, group)).map((name) => `${group}/${name}`));
const manifests: Manifest[] = [...folders, "tests", "bench", "."]
  .filter((folder) => existsSync(join(ROOT, folder, "package.json")))
  .map(manifestOf);

function manifestOf(folder: string): Manifest {
  const manifest = JSON.parse(read(join(folder, "package.json"))) as Partial<Manifest> &
    Pick<Manifest, "name" | "type" | "private">;
  return {
    ...manifest,
    dependencies: manifest.dependencies ?? {},
    devDependencies: manifest.devDependencies ?? {},
    folder,
  };
}

const shipped = manifests.filter(({ folder }) => /^(apps|packages)\//.test(folder));
const all = ({ dependencies, devDependencies }: Manifest) => Object.entries({ ...dependencies, ...devDependencies });
const dependants = (pattern: RegExp, of: readonly Manifest[] = manifests) =>
  of
    .filter(({ dependencies }) => Object.keys(dependencies).some((name) => pattern.test(name)))
    .map((one) => one.folder);

describe("every package.json", () => {
  it.each(manifests)("$folder takes its versions from the catalog or the workspace", (manifest) => {
    expect(all(manifest).filter(([, version]) => version !== "catalog:" && version !== "workspace:*")).toEqual([]);
  });

  it.each(manifests)("$folder is a private ES module", (manifest) => {
    expect(manifest).toMatchObject({ type: "module", private: true });
  });

  it.each(shipped)("$folder is named after its folder and ships only what is built", (manifest) => {
    expect(manifest.name).toBe(`@holdfast/${basename(manifest.folder)}`);
    expect(manifest).toMatchObject({ license: "MIT", files: ["dist"] });
    expect(existsSync(join(ROOT, manifest.folder, "turbo.json"))).toBe(true);
  });

  it.each(manifests)("$folder lists nothing twice", ({ dependencies, devDependencies }) => {
    expect(Object.keys(dependencies).filter((name) => name in devDependencies)).toEqual([]);
  });
});

describe("who may depend on whom", () => {
  it("only the bus knows Redis' client", () => {
    expect(dependants(/^ioredis$/)).toEqual(["packages/bus"]);
  });

  it("only telemetry knows the logger, the tracer and the metrics client", () => {
    expect(dependants(/^(winston|prom-client|@opentelemetry\/.*)$/)).toEqual(["packages/telemetry"]);
  });

  it("the protocol depends on zod alone", () => {
    const protocol = manifests.find(({ folder }) => folder === "packages/protocol");
    expect(Object.keys(protocol?.dependencies ?? {})).toEqual(["zod"]);
  });

  it("no shipped package depends on an app or on what is made for tests", () => {
    const apps = shipped.filter(({ folder }) => folder.startsWith("apps/")).map(({ name }) => name);
    expect(dependants(new RegExp(`^(${[...apps, "@holdfast/testing"].join("|")})$`), shipped)).toEqual([]);
  });

  it("telemetry and runtime know no domain", () => {
    expect(dependants(/^@holdfast\/(protocol|bus|client)$/).filter((one) => /(telemetry|runtime)$/.test(one))).toEqual(
      [],
    );
  });

  it("only the page knows React and Vite", () => {
    const knowers = manifests.filter((manifest) =>
      all(manifest).some(([name]) => /^(react|react-dom|vite)$/.test(name)),
    );
    expect(knowers.map(({ folder }) => folder)).toEqual(["apps/web"]);
  });
});

describe("versions named outside the catalog", () => {
  const [, pnpm] = /^ {2}pnpm: (\S+)$/m.exec(read("pnpm-workspace.yaml")) ?? [];

  it.each(["deploy/Dockerfile"])("%s installs the same pnpm", (file) => {
    const named = [...read(file).matchAll(/pnpm@([\d.]+)/g)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set([pnpm]));
  });

  it("images and the workspace run the same major version of Node", () => {
    const images = [...read("deploy/Dockerfile").matchAll(/^FROM node:(\d+)-/gm)].map((match) => match[1]);
    const [, installed] = /^ {2}node: (\d+)\./m.exec(read("pnpm-workspace.yaml")) ?? [];
    expect(new Set([...images, read(".node-version").trim()])).toEqual(new Set([installed]));
  });
});

it("every file and folder is named after a subject", () => {
  const vague = /^(utils?|helpers?|common|misc|shared|types)(\.tsx?|\.mjs)?$/;
  const isKept = (path: string) => !/(^|\/)(node_modules|dist|\.git|\.turbo|\.cache|reports|coverage)(\/|$)/.test(path);
  const sources = [...GROUPS, "tests", "bench"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  );
  expect(sources.filter((path) => isKept(path) && vague.test(basename(path)))).toEqual([]);
});
