import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type ConsoleMessage, type Page } from "playwright-core";

/**
 * Debian's Chromium, driven by playwright-core. A machine without it fails the tests: a page that nobody opened is not
 * tested. HOLDFAST_CHROMIUM names another binary.
 */
const BINARIES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launchChromium(): Promise<Browser> {
  const binary = process.env["HOLDFAST_CHROMIUM"] ?? BINARIES.find((path) => existsSync(path));
  if (binary === undefined || !existsSync(binary)) {
    throw new Error(
      "The browser tests need Chromium: apt-get install chromium (Debian, Ubuntu: chromium-browser), or set HOLDFAST_CHROMIUM to its path.",
    );
  }
  return chromium.launch({ executablePath: binary, headless: true, args: FLAGS });
}

export interface OpenedPage {
  readonly page: Page;
  /** Console errors, uncaught errors and refused resources since the page was opened. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Opens `url` in a context of its own, so that nothing is left from another test. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message: ConsoleMessage) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, errors, close: () => context.close() };
}
