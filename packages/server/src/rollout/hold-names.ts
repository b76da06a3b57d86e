import type { ModelFolder } from "../catalog/catalog.ts";
import { hasVersion, type Names } from "../pool/names.ts";
import type { Claimant, Pool, PoolEvent } from "../pool/types.ts";

/** How a model was named by who holds it. */
interface HoldName {
  readonly alias?: string;
  /** It was one version that was asked for, not the one that serves. */
  readonly isVersion: boolean;
}

const keyOf = ({ client, kind }: Claimant): string => `${kind}:${client}`;

/**
 * By which name each hold was taken: when a name moves, the holds of those who loaded it by that name move along, and
 * whoever asked for one version keeps that one. The latest load of a claimant counts.
 */
export class HoldNames {
  readonly #byDirectory = new Map<string, Map<string, HoldName>>();
  readonly #names: Pick<Names, "target">;
  readonly #pool: Pick<Pool, "find" | "list">;

  constructor(names: Pick<Names, "target">, pool: Pick<Pool, "find" | "list">) {
    this.#names = names;
    this.#pool = pool;
  }

  /** `claimant` has loaded what `given` names. One that vanished before it got its hold is not noted. */
  note(folder: ModelFolder, claimant: Claimant, given: string): void {
    if (!this.#isHeldBy(folder, claimant)) return;
    const { directory } = folder;
    const target = this.#names.target(given);
    const name = { isVersion: hasVersion(target ?? given), ...(target !== undefined && { alias: given }) };
    const holders = this.#byDirectory.get(directory) ?? new Map<string, HoldName>();
    this.#byDirectory.set(directory, holders.set(keyOf(claimant), name));
  }

  /** Undefined: nobody knows. */
  of(directory: string, claimant: Claimant): HoldName | undefined {
    return this.#byDirectory.get(directory)?.get(keyOf(claimant));
  }

  /** The model that the claimant holds under this alias, wherever that points by now; undefined: none. */
  heldAs(alias: string, claimant: Claimant): ModelFolder | undefined {
    const held = (directory: string): boolean => this.of(directory, claimant)?.alias === alias;
    return this.#pool.list().find(({ folder }) => held(folder.directory))?.folder;
  }

  /** The hold was moved. */
  move(from: string, to: string, claimant: Claimant): void {
    const name = this.of(from, claimant);
    if (!name) return;
    this.#byDirectory.get(from)?.delete(keyOf(claimant));
    const holders = this.#byDirectory.get(to) ?? new Map<string, HoldName>();
    this.#byDirectory.set(to, holders.set(keyOf(claimant), name));
  }

  /** How many are noted. */
  get size(): number {
    let size = 0;
    for (const holders of this.#byDirectory.values()) size += holders.size;
    return size;
  }

  /** Forgets holds that are over. Those of an address are counted: of one that is given back others may be left. */
  told(event: PoolEvent): void {
    if (event.type === "state" && event.instance.state === "stopped") {
      this.#byDirectory.delete(event.instance.folder.directory);
    }
    if (event.type !== "hold" || event.change === "added" || event.change === "renewed") return;
    const { folder, change, hold } = event;
    if (change === "returned" && this.#isHeldBy(folder, hold)) return;
    this.#byDirectory.get(folder.directory)?.delete(keyOf(hold));
  }

  #isHeldBy(folder: ModelFolder, claimant: Claimant): boolean {
    const key = keyOf(claimant);
    return this.#pool.find(folder)?.holds.some((hold) => keyOf(hold) === key) ?? false;
  }
}
