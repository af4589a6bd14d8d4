/** Settings kept in the browser. Storage may be forbidden: then a setting lasts as long as the page. */
const lasting = new Map<string, string>();

export function readSetting(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return lasting.get(key) ?? null;
  }
}

export function writeSetting(key: string, value: string): void {
  lasting.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // `lasting` has it.
  }
}
