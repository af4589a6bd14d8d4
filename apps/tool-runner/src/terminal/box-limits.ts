/** The limits of a call to exec.ts, by the names that prlimit, setrlimit and this project have for them. */
import { DEFAULT_LIMITS, type ToolLimits } from "./limits.ts";

const NAMES: Readonly<Record<keyof ToolLimits, string>> = {
  cpuSeconds: "cpu_seconds cpu cpu_s cpu_sec cpu_time cpu_time_seconds",
  memoryBytes: "memory_bytes memory mem mem_bytes as as_bytes address_space address_space_bytes",
  fileBytes: "file_bytes fsize fsize_bytes file_size file_size_bytes",
  openFiles: "open_files nofile files fds descriptors",
  processes: "processes nproc procs pids",
};
const MEBIBYTE = 1024 ** 2;

/** `max_` or `rlimit_` before a name changes nothing, nor does its case; `_mb` behind it counts in MiB. Others are warned of. */
export function limitsByName(given: Readonly<Record<string, number>>, warn: (message: string) => void): ToolLimits {
  const limits: { -readonly [Name in keyof ToolLimits]: number } = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    const plain = name.toLowerCase().replace(/^(max_|rlimit_)+/, "");
    const unit = plain.endsWith("_mb") || plain.endsWith("_mib") ? MEBIBYTE : 1;
    const meant = keyOf(plain.replace(/_mi?b$/, ""));
    if (meant === undefined) warn(`there is no limit "${name}"`);
    else limits[meant] = value * unit;
  }
  return limits;
}

function keyOf(name: string): keyof ToolLimits | undefined {
  const keys = Object.keys(NAMES) as (keyof ToolLimits)[];
  return keys.find((key) => NAMES[key].split(" ").includes(name));
}
