import { useSyncExternalStore } from "react";
import { readSetting, writeSetting } from "./settings.ts";

/** Light or dark: the system's choice until the reader makes one, which is remembered. */
export type Theme = "light" | "dark";

const KEY = "holdfast.theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosenTheme(): Theme | null {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : null;
}

export function restoreTheme(): void {
  const remembered = readSetting(KEY);
  if (remembered === "light" || remembered === "dark") document.documentElement.dataset["theme"] = remembered;
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  writeSetting(KEY, theme);
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => chosenTheme() ?? (systemIsDark.matches ? "dark" : "light"));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  systemIsDark.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    systemIsDark.removeEventListener("change", listener);
  };
}
