/** The browser for the page's tests: CHROMIUM_PATH, one on PATH, or Debian's, installed when we are root. */
import { access, constants } from "node:fs/promises";
import { which } from "../commands.ts";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of a browser. Throws with what to do when there is none. */
export async function findChromium(isRoot: boolean, install: () => Promise<void>): Promise<string> {
  const chosen = process.env["CHROMIUM_PATH"];
  if (chosen) {
    await access(chosen, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`CHROMIUM_PATH is ${chosen}, which cannot be run`, { cause });
    });
    return chosen;
  }
  const find = () => PROGRAMS.map((program) => which(program)).find((path) => path !== undefined);
  const found = find();
  if (found !== undefined) return found;
  if (isRoot && which("apt-get") !== undefined) await install();
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(
    "The page's tests need Chromium and there is none.\n" +
      "Install it (Debian, Ubuntu: sudo apt-get install -y chromium; macOS: brew install --cask chromium) or set CHROMIUM_PATH.",
  );
}
