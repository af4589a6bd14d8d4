/**
 * An allowlist of names says nothing about what `find -exec`, `git` in a prepared repository or `python -c` run next. Commands
 * that start other programs, interpret code, or read and write wherever an argument says need the kernel's help, so they run
 * at T2 or better only. Whatever starts with `#!` belongs to them too: its interpreter is another program.
 */
import { basename } from "node:path";
import type { Pin } from "./pin.ts";

const SHELLS = "ash bash busybox csh dash elvish fish ksh ksh93 mksh nu pwsh rbash rksh sash sh tcsh toybox yash zsh";
const INTERPRETERS = `awk bc bun clisp dc deno elixir erl escript expect gawk gdb ghci gjs gnuplot groovy guile irb java jjs
  jrunscript jshell julia lldb lua luajit luatex mawk nawk node nodejs ocaml octave original-awk perl php pry pypy
  python pythonw r racket rscript ruby sbcl scala sed swift tclsh tex wish xetex`;
const STARTERS = `at batch capsh choom chroot chrt cpulimit crontab dbus-run-session doas entr env faketime fakeroot
  fd fdfind find firejail flock ionice ltrace nice nohup nsenter numactl parallel pkexec prlimit
  rlwrap run-parts runuser screen script setarch setpriv setsid sg sshpass start-stop-daemon stdbuf strace su
  sudo systemd-run taskset time timeout tmux tsp unbuffer unshare valgrind watch xargs bwrap linux32 linux64 i386 x86_64
  ld ldd ld.so m4 msgexec msgfilter runcon scriptlive scriptreplay systemd-cat systemd-inhibit systemd-socket-activate tini
  uclampset luit x-terminal-emulator gtk-launch pkexec runc crun dumb-init catatonit s6-svscan`;
const BUILDERS = `ant as c99 c89 gcc-ar gcc-nm gcc-ranlib gfortran javac jpackage lli nm opt ranlib sprof bundle bundler c++ cargo cc clang clang++ cmake composer corepack cpp ctest dotnet g++ gcc gem go
  gradle install just make gmake meson mvn ninja npm npx pip pipx pnpm poetry rake rustc scons task uv uvx yarn`;
const EDITORS_AND_PAGERS = `bat batcat ed emacs ex info joe less lesspipe man mcedit mg micro more most nano nvim pg pico
  rview rvim sensible-editor sensible-pager vi view vim vimdiff vimtutor`;
const ARCHIVERS_AND_COPIERS = "7z 7za ar bsdtar cpio dd pax rar rsync star tar tee unrar zip";
const VERSION_CONTROL = "bzr cvs fossil gh git git-shell glab hg jj scalar svn tig";
const NETWORK = `aria2c curl dig ftp lftp mosh nc ncat netcat nmap openssl rclone rsh scp sftp socat ssh ssh-agent ssh-keygen
  ssh-keyscan tcpdump telnet tftp wget`;
const DATABASES_AND_SERVICES = `apt apt-get aptitude busctl ctr dbus-send docker dpkg dpkg-deb dpkg-query gpg gpg2 gpg-agent initctl
  dbus-daemon initdb perf pg_ctl postgres redis-server terraform tofu
  journalctl kubectl loginctl machinectl mysql mariadb nerdctl nmcli podman psql redis-cli rpm service snap sqlite3
  sqlite systemctl top htop fzf xdg-open`;

const LAUNCHERS: ReadonlySet<string> = new Set(
  [
    SHELLS,
    INTERPRETERS,
    STARTERS,
    BUILDERS,
    EDITORS_AND_PAGERS,
    ARCHIVERS_AND_COPIERS,
    VERSION_CONTROL,
    NETWORK,
    DATABASES_AND_SERVICES,
  ].flatMap((names) => names.split(/\s+/)),
);

/** Harmless commands with an option that names a program to start. GNU getopt accepts any unambiguous beginning of it. */
const LAUNCHING_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  sort: ["--co"], // --compress-program
  split: ["--f"], // --filter
  rg: ["--pre", "--hostname-bin"],
  sdiff: ["--d"], // --diff-program
  diff3: ["--d"], // --diff-program
};

/** True where running this needs T2 or better. */
export function launchesOthers(pin: Pin, argv: readonly string[]): boolean {
  if (pin.isScript || isLauncher(pin.name) || isLauncher(basename(pin.target))) return true;
  const options = LAUNCHING_OPTIONS[pin.name] ?? [];
  return argv.slice(1).some((word) => options.some((option) => word.startsWith(option)));
}

/** `x86_64-linux-gnu-gcc`, `perl5.36-x86_64-linux-gnu`. */
const MACHINE_BEFORE = /^[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*-/;
const MACHINE_BEHIND = /-[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*$/;

function isLauncher(name: string): boolean {
  const lower = name.toLowerCase();
  return LAUNCHERS.has(lower) || LAUNCHERS.has(withoutVariant(lower));
}

/** `python3.11` → `python`, `vim.basic` → `vim`, `gcc-12` → `gcc`; the machine's name before or behind it likewise. */
function withoutVariant(name: string): string {
  const plain = name.replace(MACHINE_BEFORE, "").replace(MACHINE_BEHIND, "");
  return plain.replace(/[.-](basic|tiny|nox|gtk3?|openbsd|traditional|distrib)$/, "").replace(/[-.\d]+$/, "");
}
