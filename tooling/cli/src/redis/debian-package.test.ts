import { expect, it } from "@jest/globals";
import { packagesToFetch } from "./debian-package.ts";

it("only Redis and libraries are fetched, whatever else apt would install with them", () => {
  const simulation = [
    "NOTE: This is only a simulation!",
    "The following NEW packages will be installed:",
    "Inst adduser (3.134 Debian:12/oldstable [all])",
    "Inst libjemalloc2 (5.3.0-1 Debian:12/oldstable [amd64])",
    "Inst redis-tools (5:7.0.15-1~deb12u10 Debian-Security:12 [amd64])",
    "Inst redis-server (5:7.0.15-1~deb12u10 Debian-Security:12 [amd64])",
    "Conf redis-server (5:7.0.15-1~deb12u10 Debian-Security:12 [amd64])",
  ].join("\n");
  expect(packagesToFetch(simulation)).toEqual(["libjemalloc2", "redis-tools", "redis-server"]);
});
