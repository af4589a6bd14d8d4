import { readdirSync, existsSync } from "node:fs";
import { project } from "@holdfast/jest-preset";

const folders = ["packages", "apps", "tooling"].flatMap((group) =>
  readdirSync(new URL(`./${group}/`, import.meta.url)).map((name) => `${group}/${name}`),
);
const withPackage = [...folders, "tests", "bench"].filter((folder) =>
  existsSync(new URL(`./${folder}/package.json`, import.meta.url)),
);

export default {
  // Suites start whole stacks of real processes and hold them to bounds: more suites than cores would measure each other.
  maxWorkers: 2,
  // It only ends what hangs; what is promised within a time is measured by its test.
  testTimeout: 90_000,
  projects: withPackage.map((folder) =>
    project(folder.replace(/^(apps|packages|tooling)\//, ""), `<rootDir>/${folder}`),
  ),
};
