import { describe, expect, it } from "@jest/globals";
import { buildEnvironment, isDeniedVariable } from "./environment.ts";

const FIXED = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/private",
  TMPDIR: "/private",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  TERM: "dumb",
  PAGER: "cat",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
};

describe("buildEnvironment", () => {
  it("has nothing of the runner's environment unless it is allowed", () => {
    const host = { SECRET: "s", PATH: "/evil", HOME: "/root", OPENAI_API_KEY: "k" };
    expect(buildEnvironment({ home: "/private", allow: [], host })).toEqual(FIXED);
  });

  it("passes allowed names that are set, and no others", () => {
    const host = { APP_MODE: "test", EMPTY: "", SECRET: "s" };
    const env = buildEnvironment({ home: "/private", allow: ["APP_MODE", "EMPTY", "UNSET", "toString"], host });
    expect(env).toEqual({ ...FIXED, APP_MODE: "test", EMPTY: "" });
  });

  it("lets the deny patterns win over the list of allowed names", () => {
    const dangerous = [
      "LD_PRELOAD",
      "NODE_OPTIONS",
      "PYTHONPATH",
      "GIT_SSH_COMMAND",
      "BASH_ENV",
      "PATH",
      "HOME",
      "IFS",
    ];
    const host = Object.fromEntries(dangerous.map((name) => [name, "evil"]));
    expect(buildEnvironment({ home: "/private", allow: dangerous, host })).toEqual(FIXED);
  });

  it.each(
    "LD_LIBRARY_PATH PERL5OPT RUBYOPT LESSOPEN EDITOR GLIBC_TUNABLES npm_config_script_shell ENV OPENAI_API_KEY REDIS_URL HOLDFAST_X LC_TIME".split(
      " ",
    ),
  )("denies %s", (name) => {
    expect(isDeniedVariable(name)).toBe(true);
  });

  it.each(["", "A=B", "A\0B", "1A", "A-B", "A\nB"])("denies %j, which is no name", (name) => {
    expect(isDeniedVariable(name)).toBe(true);
  });

  it.each(["APP_MODE", "TZ", "GREETING", "GOOGLE_PROJECT", "MANAGER", "_X"])("has nothing against %s", (name) => {
    expect(isDeniedVariable(name)).toBe(false);
  });
});
