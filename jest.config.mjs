import { readdirSync, existsSync } from "node:fs";
import { project } from "@holdfast/jest-preset";

const folders = ["packages", "apps", "tooling"].flatMap((group) =>
  readdirSync(new URL(`./${group}/`, import.meta.url)).map((name) => `${group}/${name}`),
);
const withPackage = [...folders, "tests", "bench"].filter((folder) =>
  existsSync(new URL(`./${folder}/package.json`, import.meta.url)),
);

export default {
  // Most suites wait on real processes, so a third worker fills the gaps on a two-core machine.
  maxWorkers: 3,
  testTimeout: 30_000,
  projects: withPackage.map((folder) =>
    project(folder.replace(/^(apps|packages|tooling)\//, ""), `<rootDir>/${folder}`),
  ),
};
