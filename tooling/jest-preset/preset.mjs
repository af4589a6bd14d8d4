import { createRequire } from "node:module";

const { resolve } = createRequire(import.meta.url);

/**
 * One jest project for a package. TypeScript is stripped by swc and runs as ES modules, and workspace packages resolve to
 * their sources by the `source` condition, so no build precedes a test.
 * The transformer is an absolute path: under pnpm a package cannot see the preset's own dependencies.
 */
export function project(displayName, rootDir) {
  return {
    displayName,
    rootDir,
    testEnvironment: "node",
    testEnvironmentOptions: { customExportConditions: ["source", "node", "node-addons"] },
    testMatch: ["**/*.test.ts", "**/*.test.tsx"],
    testPathIgnorePatterns: ["/node_modules/", "/dist/"],
    extensionsToTreatAsEsm: [".ts", ".tsx"],
    transform: {
      "^.+\\.tsx?$": [
        resolve("@swc/jest"),
        {
          jsc: {
            target: "es2024",
            parser: { syntax: "typescript", tsx: true },
            transform: { react: { runtime: "automatic" } },
          },
          module: { type: "es6" },
        },
      ],
    },
  };
}
