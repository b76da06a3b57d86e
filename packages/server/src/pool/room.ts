import type { ModelFolder } from "../catalog/catalog.ts";
import type { ModelSpec } from "../engine/engine.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Instance } from "./instance.ts";
import { noRoom } from "./no-room.ts";
import { type RoomBudget, roomFor } from "./policy/room.ts";

export interface RoomOptions {
  /** By directory. */
  readonly instances: ReadonlyMap<string, Instance>;
  readonly budget: RoomBudget;
  /** What a model with such files will take once it is loaded, bytes. */
  readonly estimateBytes: (folder: ModelFolder, spec: ModelSpec) => number;
  /** Resolves when it is gone. */
  readonly evict: (instance: Instance) => Promise<void>;
}

/** Lets processes in, one after the other, as far as there is room. */
export class Room {
  readonly #options: RoomOptions;
  /** Room is made for one load at a time, or two would evict for the same room. */
  #making: Promise<void> = Promise.resolve();

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Waits until there is room for what the files will need, and sets it aside. @throws VoxpoolError `pool_full` */
  async make(folder: ModelFolder, spec: ModelSpec, incarnation: Incarnation): Promise<void> {
    const { instances, estimateBytes } = this.#options;
    const needBytes = estimateBytes(folder, spec);
    const own = instances.get(folder.directory);
    // A process that replaces or restarts one was let in with it (for that moment there are two), and waits for nobody;
    // the trial of an open breaker is none of these: what room there was has long been given away.
    if (!own?.hasRoom || own.state === "loading") {
      const made = this.#making.then(() => this.#make(folder, needBytes, incarnation));
      this.#making = made.catch(() => undefined);
      await made;
    } else incarnation.reservedBytes = needBytes;
  }

  async #make(folder: ModelFolder, needBytes: number, incarnation: Incarnation): Promise<void> {
    const { instances, budget } = this.#options;
    while (!incarnation.isCancelled) {
      const own = instances.get(folder.directory);
      const others = [...instances.values()].filter((one) => one !== own && one.takesRoom);
      const decision = roomFor(
        needBytes,
        others.map((instance) => instance.resident()),
        budget,
      );
      if (decision.kind === "full") {
        const inTheWay = others.filter((one) => decision.occupants.some(({ key }) => key === one.folder.directory));
        throw noRoom(folder, needBytes, { lacks: decision.lacks, budget, inTheWay });
      }
      if (decision.kind === "fits") {
        incarnation.reservedBytes = needBytes;
        if (own) own.hasRoom = true;
        return;
      }
      if (decision.kind === "wait") await this.#left(decision.keys);
      else await Promise.all(decision.keys.map((key) => this.#evict(key)));
    }
  }

  async #left(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#options.instances.get(key)?.left();
  }

  async #evict(key: string): Promise<void> {
    const instance = this.#options.instances.get(key);
    if (instance) await this.#options.evict(instance);
  }
}
