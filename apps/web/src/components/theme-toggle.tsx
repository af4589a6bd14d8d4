import { chooseTheme, useTheme } from "../theme.ts";
import { MoonIcon, SunIcon } from "./icons.tsx";

export function ThemeToggle() {
  const other = useTheme() === "dark" ? "light" : "dark";
  const label = `Use ${other} colours`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => chooseTheme(other)}>
      {other === "light" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
