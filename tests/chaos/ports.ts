import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Member } from "../e2e/stack.ts";

/** Which member uses which local TCP port; empty where the system does not tell (`/proc` is Linux's). */
export function portsOf(members: readonly Member[]): ReadonlyMap<number, Member> {
  const ports = new Map<number, Member>();
  for (const member of members) {
    const sockets = socketsOf(member.service.pid);
    for (const [inode, port] of connections()) if (sockets.has(inode)) ports.set(port, member);
  }
  return ports;
}

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  try {
    const targets = readdirSync(folder).map((name) => targetOf(`${folder}/${name}`));
    return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  } catch {
    return new Set();
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

/** `[inode, local port]` of every TCP connection over IPv4. */
function connections(): [string, number][] {
  try {
    const lines = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
    return lines.map((line) => {
      const columns = line.trim().split(/\s+/);
      return [columns[9] ?? "", Number.parseInt(columns[1]?.split(":")[1] ?? "0", 16)];
    });
  } catch {
    return [];
  }
}
