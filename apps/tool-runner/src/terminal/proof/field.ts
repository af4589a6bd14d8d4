/**
 * Where an attack takes place: a workspace, and beside it everything that must not be reached, open to the tool's user by its
 * permissions, so that nothing but the terminal stands in the way.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ToolIdentity } from "../launcher.ts";
import { SEARCH_PATH } from "../pin.ts";
import type { Attack } from "./attack.ts";

const OPEN = 0o711;

export class Field {
  readonly secret = `secret-${randomUUID()}`;
  readonly mark = `700.${randomInt(1e9)}`;
  readonly #identity: ToolIdentity | null;
  readonly #base = mkdtempSync(join(tmpdir(), "holdfast-proof-"));
  readonly root = join(this.#base, "workspace");
  readonly #outside = join(this.#base, "outside");
  readonly #listeners: { close(): unknown }[] = [];
  readonly #names = new Map<string, string>();
  #other: ChildProcess | undefined;
  #connections = 0;
  #before = "";

  private constructor(identity: ToolIdentity | null) {
    this.#identity = identity;
  }

  static async prepare(attack: Attack, identity: ToolIdentity | null): Promise<Field> {
    const field = new Field(identity);
    chmodSync(field.#base, OPEN);
    for (const directory of [field.root, field.#outside]) mkdirSync(directory);
    await field.#listen();
    field.#startOther();
    field.#names.set("root", field.root).set("outside", field.#outside).set("mark", field.mark);
    field.#names.set("pid", String(field.#other?.pid));
    field.#fill(attack);
    field.#before = field.#stateOutside();
    return field;
  }

  /** Puts the names of this place into a text. */
  place(text: string): string {
    return [...this.#names].reduce((placed, [name, value]) => placed.replaceAll(`{${name}}`, value), text);
  }

  get hasSecretInside(): boolean {
    return filesBelow(this.root).some((path) => readFileSync(path, "utf8").includes(this.secret));
  }

  get hasChangedOutside(): boolean {
    return this.#stateOutside() !== this.#before;
  }

  get hasHeardOf(): boolean {
    return this.#connections > 0;
  }

  get hasLostOther(): boolean {
    return this.#other?.exitCode !== null || this.#other.signalCode !== null;
  }

  /** The processes with the mark among their arguments, but for wrappers that have yet to become a tool. */
  get marked(): number[] {
    const pids = readdirSync("/proc").map(Number);
    return pids.filter((pid) => pid > 0 && argumentsOf(pid).includes(this.mark));
  }

  close(): void {
    for (const pid of this.marked) process.kill(pid, "SIGKILL");
    this.#other?.kill("SIGKILL");
    for (const listener of this.#listeners) listener.close();
    for (const path of this.#elsewhere) rmSync(path, { force: true });
    rmSync(this.#base, { recursive: true, force: true });
  }

  get #elsewhere(): string[] {
    return ["/tmp", "/dev/shm"].map((directory) => `${directory}/holdfast-${this.mark}`);
  }

  #fill({ files = {}, links = {} }: Attack): void {
    this.#write(join(this.#outside, "secret.txt"), `${this.secret}\n`, 0o600);
    this.#write(join(this.#outside, "secret.b64"), Buffer.from(this.secret).toString("base64"), 0o600);
    this.#write(join(this.#outside, `${this.secret}.name`), "", 0o600);
    this.#write(join(this.#outside, "precious.txt"), "precious\n", 0o644);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      this.#write(join(this.root, path), this.place(text), 0o755);
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(this.place(target), join(this.root, path));
    this.#give(this.root);
    this.#give(this.#outside);
    for (const path of filesBelow(this.root)) this.#give(dirname(path));
  }

  #write(path: string, text: string, mode: number): void {
    writeFileSync(path, text, { mode });
    this.#give(path);
  }

  #give(path: string): void {
    if (this.#identity) chownSync(path, this.#identity.uid, this.#identity.gid);
  }

  /** Somebody else's process: with the secret among its variables and arguments. */
  #startOther(): void {
    this.#other = spawn("/bin/sh", ["-c", "while :; do read line || exit; done", this.secret], {
      env: { PATH: SEARCH_PATH, OTHERS_SECRET: this.secret },
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      ...this.#identity,
    });
  }

  async #listen(): Promise<void> {
    const heard = (): void => void (this.#connections += 1);
    const abstract = `holdfast-${this.mark}`;
    const socket = join(this.#base, "socket");
    for (const address of [{ host: "127.0.0.1", port: 0 }, { path: socket }, { path: `\0${abstract}` }]) {
      const server: Server = createServer((connection) => {
        heard();
        connection.destroy();
      });
      await new Promise<void>((resolve) => server.listen(address, resolve));
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) this.#names.set("port", String(bound.port));
      this.#listeners.push(server);
    }
    chmodSync(socket, 0o777);
    const udp = createSocket("udp4", heard);
    await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
    this.#listeners.push(udp);
    this.#names.set("udp", String(udp.address().port)).set("socket", socket).set("abstract", abstract);
  }

  #stateOutside(): string {
    const entries = readdirSync(this.#outside).toSorted();
    const states = entries.map((name) => {
      const path = join(this.#outside, name);
      const { mode, size, nlink } = lstatSync(path);
      return [name, mode, size, nlink, lstatSync(path).isFile() ? readFileSync(path, "utf8") : ""];
    });
    return JSON.stringify([states, this.#elsewhere.map((path) => existsSync(path))]);
  }
}

/** Links are not followed. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
