/** The exact command that installs Redis, by operating system; shown when none could be found or fetched. */
export type System = "debian" | "fedora" | "arch" | "alpine" | "suse" | "macos" | "linux";

const COMMANDS: Record<System, string> = {
  debian: "sudo apt-get update && sudo apt-get install -y redis-server",
  fedora: "sudo dnf install -y valkey",
  arch: "sudo pacman -S --noconfirm valkey",
  alpine: "doas apk add redis",
  suse: "sudo zypper install -y valkey",
  macos: "brew install redis",
  linux: "docker run -d --name holdfast-redis -p 127.0.0.1:6379:6379 redis:8 redis-server --appendonly yes",
};

const FAMILIES: readonly (readonly [RegExp, System])[] = [
  [/\b(debian|ubuntu)\b/, "debian"],
  [/\b(fedora|rhel|centos)\b/, "fedora"],
  [/\barch\b/, "arch"],
  [/\balpine\b/, "alpine"],
  [/\bsuse\b/, "suse"],
];

/** Which system this is, from `process.platform` and the text of /etc/os-release. */
export function systemOf(platform: string, osRelease: string): System {
  if (platform === "darwin") return "macos";
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].map((match) => match[1]).join(" ");
  return FAMILIES.find(([pattern]) => pattern.test(ids))?.[1] ?? "linux";
}

export function installHelp(system: System, tried: readonly string[]): string {
  return [
    "No Redis could be found or fetched.",
    ...tried.map((line) => `  - ${line}`),
    "Install one (version 7.0 or newer), or point REDIS_URL at one that runs, and start again:",
    "",
    `    ${COMMANDS[system]}`,
    "",
  ].join("\n");
}
