import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface PortOwner {
  readonly pid: number;
  /** Of its program. */
  readonly name: string;
}

/** The state of a listening socket in Linux's tables. */
const listening = "0A";

/** Who listens on a TCP port, on Linux; undefined elsewhere, and for a program of another user. */
export async function portOwner(port: number, proc = "/proc"): Promise<PortOwner | undefined> {
  const inodes = await listenersOn(port, proc);
  if (inodes.size === 0) return undefined;
  const entries = await readdir(proc).catch(() => []);
  for (const entry of entries.filter((name) => /^\d+$/.test(name))) {
    if (!(await holds(join(proc, entry, "fd"), inodes))) continue;
    return { pid: Number(entry), name: (await readText(join(proc, entry, "comm"))).trim() || "?" };
  }
  return undefined;
}

/** Whether anybody listens on a TCP port, at whatever address; false where there are no tables of Linux. */
export async function hasListener(port: number, proc = "/proc"): Promise<boolean> {
  return (await listenersOn(port, proc)).size > 0;
}

/** The right to listen on low ports, among the capabilities of a process. */
const bindCapability = 1n << 10n;

/** Whether this process has the right to listen on a TCP port; only Linux says so, elsewhere it is taken for granted. */
export async function mayListen(port: number, proc = "/proc"): Promise<boolean> {
  const first = Number(await readText(join(proc, "sys/net/ipv4/ip_unprivileged_port_start")));
  if (port === 0 || !(port < first)) return true;
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readText(join(proc, "self/status")))?.[1];
  return capabilities === undefined || (BigInt(`0x${capabilities}`) & bindCapability) !== 0n;
}

/** The inodes of the sockets that listen on the port. */
async function listenersOn(port: number, proc: string): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readText(join(proc, "net", name))));
  return new Set(tables.flatMap((table) => listeners(table, port)));
}

/** `sl local_address rem_address st … inode`: the inodes of the sockets that listen on the port. */
function listeners(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    return fields[1]?.endsWith(wanted) === true && fields[3] === listening && inode !== undefined ? [inode] : [];
  });
}

async function holds(directory: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(directory).catch(() => [])) {
    const target = await readlink(join(directory, fd)).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
