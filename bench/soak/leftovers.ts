import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { descriptorsOf, treeMemoryBytes, treeOf } from "../support/memory.ts";
import { median } from "../support/statistics.ts";
import { closeConnections } from "./connections.ts";
import type { Service } from "./service.ts";

/** What the server uses when nothing is loaded and nothing goes on. */
export interface Footprint {
  readonly processes: number;
  readonly descriptors: number;
  /** PSS of the process tree. */
  readonly memoryBytes: number;
  /** Uploads on the disk. */
  readonly spooledFiles: number;
}

const unloadPatienceMs = 60_000;
const settlePatienceMs = 30_000;
const pollMs = 100;
const looks = 5;
const lookEveryMs = 300;

/** Takes every model from everybody until none is left. @throws Error when one stays */
export async function unloadAll(service: Service): Promise<void> {
  const deadline = performance.now() + unloadPatienceMs;
  for (;;) {
    const left = await service.models();
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`they stay loaded: ${left.map(([path]) => path).join(", ")}`);
    const bodies = left.map(([model_path]) => ({ model_path, force: true }));
    await Promise.all(bodies.map((body) => service.post("/api/models/unload", body)));
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/**
 * Closes our connections, waits until the server uses no more than it did or has had its time, and says what it uses.
 */
export async function footprint(serverPid: number, stateDirectory: string, before?: Footprint): Promise<Footprint> {
  await closeConnections();
  const deadline = performance.now() + settlePatienceMs;
  let found = counted(serverPid, stateDirectory);
  while (!isQuiet(found, before) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    found = counted(serverPid, stateDirectory);
  }
  const memory: number[] = [];
  for (let look = 0; look < looks; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    memory.push(treeMemoryBytes([serverPid]));
  }
  return { ...counted(serverPid, stateDirectory), memoryBytes: median(memory) };
}

type Counted = Omit<Footprint, "memoryBytes">;

function counted(serverPid: number, stateDirectory: string): Counted {
  const spool = join(stateDirectory, "spool");
  return {
    processes: treeOf([serverPid]).size,
    descriptors: descriptorsOf(serverPid),
    spooledFiles: existsSync(spool) ? readdirSync(spool).length : 0,
  };
}

/** Without anything to compare with: one process, and no upload. */
function isQuiet(now: Counted, before: Footprint | undefined): boolean {
  const { processes, spooledFiles } = now;
  if (before === undefined) return processes === 1 && spooledFiles === 0;
  return processes <= before.processes && spooledFiles <= before.spooledFiles && now.descriptors <= before.descriptors;
}
