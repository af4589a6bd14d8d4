/**
 * The environment of a tool is built from nothing. A name that the policy allows is copied from the runner's environment
 * unless it matches a deny pattern, which wins: such a variable makes a program load code, changes what it runs, or is one
 * of Holdfast's own secrets.
 */
import type { Environment } from "@holdfast/runtime";
import { SEARCH_PATH } from "./pin.ts";

const DENIED = [
  // What this file sets itself.
  "PATH HOME PWD OLDPWD TMPDIR TMP TEMP LANG LANGUAGE LC_* TERM TERMCAP TERMINFO* PAGER",
  // The dynamic linker and the C library.
  "LD_* DYLD_* GLIBC_TUNABLES MALLOC_* GCONV_PATH LOCPATH NLSPATH GETCONF_DIR HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_*",
  // Shells.
  "BASH* ENV SHELL SHELLOPTS CDPATH IFS PS4 PROMPT_COMMAND GLOBIGNORE ZDOTDIR FPATH HISTFILE INPUTRC",
  // Interpreters and build tools.
  "NODE_* NPM_* PYTHON* PERL* RUBY* BUNDLE_* GEM_* LUA_* PHP* TCL* JAVA_* JDK_* _JAVA_* CLASSPATH JULIA_* R_* DENO_* BUN_*",
  "MAKE MAKEFLAGS MAKEFILES GNUMAKEFLAGS MFLAGS CC CXX CARGO_* RUSTC* RUSTFLAGS GOFLAGS GOROOT GOPATH GOENV CMAKE_* AWK*",
  // Programs that start an editor, a pager, a filter or another program named by a variable.
  "GIT_* SSH_* GPG_* EDITOR VISUAL BROWSER LESS LESSOPEN LESSCLOSE LESSEDIT LESSKEY* MANPAGER MANPATH MANOPT MORE",
  "SYSTEMD_* RSYNC_* CVS_* SVN_* HG* TAR_* GZIP ZIPOPT UNZIP XZ_* BZIP BZIP2 GREP_* RIPGREP_* FZF_* PSQL* CURL_* WGETRC",
  "SUDO_* OPENSSL_* GIO_* GTK_* QT_* DBUS_* XDG_*",
  // Holdfast's own.
  "HOLDFAST_* OPENAI_* REDIS_* OTEL_*",
]
  .join(" ")
  .split(" ")
  .map((pattern) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "is"));

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface EnvironmentOptions {
  /** The private directory of this call. */
  readonly home: string;
  /** Exact names; no patterns. */
  readonly allow: readonly string[];
  /** The runner's environment, where allowed names get their values. */
  readonly host: Environment;
}

export function buildEnvironment({ home, allow, host }: EnvironmentOptions): Record<string, string> {
  const allowed: Record<string, string> = {};
  for (const name of allow) {
    const value = Object.hasOwn(host, name) ? host[name] : undefined;
    if (value !== undefined && !isDeniedVariable(name)) allowed[name] = value;
  }
  return {
    ...allowed,
    PATH: SEARCH_PATH,
    HOME: home,
    TMPDIR: home,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    TERM: "dumb",
    PAGER: "cat",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
  };
}

/** True for names that reach no tool, whatever the policy allows. */
export function isDeniedVariable(name: string): boolean {
  return !VARIABLE_NAME.test(name) || DENIED.some((pattern) => pattern.test(name));
}
