/** The limits of a call to exec.ts, by the names that prlimit, setrlimit and this project have for them. */
import { DEFAULT_LIMITS, type ToolLimits } from "./limits.ts";

const NAMES: Readonly<Record<keyof ToolLimits, string>> = {
  cpuSeconds: "cpu_seconds cpu cpu_s cpu_sec cpu_time cpu_time_seconds",
  memoryBytes: "memory_bytes memory mem mem_bytes as as_bytes address_space address_space_bytes",
  fileBytes: "file_bytes fsize fsize_bytes file_size file_size_bytes",
  openFiles: "open_files nofile files fds descriptors",
  processes: "processes nproc procs pids",
};
const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * `max_` or `rlimit_` before a name changes nothing, nor do its case, camel humps and `_limit` behind it; `_kb`, `_mb` and `_gb` count in
 * units of 1024. Others are warned of.
 */
export function limitsByName(given: Readonly<Record<string, number>>, warn: (message: string) => void): ToolLimits {
  const limits: { -readonly [Name in keyof ToolLimits]: number } = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
    const plain = words.replace(/^(max_|rlimit_)+/, "").replace(/_limit(?=_|$)/, "");
    const unit = /_([kmg])i?b$/.exec(plain)?.[1] ?? "";
    const meant = keyOf(plain.replace(/_[kmg]i?b$/, ""));
    if (meant === undefined) warn(`there is no limit "${name}"`);
    else limits[meant] = value * (UNITS[unit] ?? 1);
  }
  return limits;
}

function keyOf(name: string): keyof ToolLimits | undefined {
  const keys = Object.keys(NAMES) as (keyof ToolLimits)[];
  return keys.find((key) => NAMES[key].split(" ").includes(name));
}
