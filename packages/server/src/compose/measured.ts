import type { InstanceSnapshot } from "../pool/types.ts";

/** Resident memory that differs less from what is remembered is not worth a write. */
const remarkableShare = 0.1;

interface Seen {
  /** Of the process. */
  readonly id: string;
  readonly files: string | undefined;
  /** The most that this process took, and the one before it; bytes. */
  readonly bytes: number;
  readonly bytesBefore: number;
}

/**
 * What one process of a model takes in use, for the next load of it. The most that the last two processes took counts:
 * one that grew beyond all measure once is forgotten, and so is what other files in the folder took.
 */
export class Measured {
  /** By directory, bytes. */
  readonly #kept: Map<string, number>;
  readonly #seen = new Map<string, Seen>();

  /** @param kept by directory, as it was measured in earlier lives; bytes */
  constructor(kept: Iterable<readonly [string, number]>) {
    this.#kept = new Map(kept);
  }

  /** Bytes; undefined: it was never in use. */
  of(directory: string): number | undefined {
    return this.#kept.get(directory);
  }

  /** Looks at what is loaded; gives what it needs now where that is worth keeping. Bytes. */
  look({ id, folder, files, state, sessions, servingBytes }: LookedAt): number | undefined {
    // In use, since a model takes more while it decodes.
    if (state !== "ready" || sessions === 0) return undefined;
    const { directory } = folder;
    const kept = this.#kept.get(directory) ?? 0;
    const last = this.#seen.get(directory) ?? { id: "", files, bytes: kept, bytesBefore: 0 };
    const seen =
      last.id === id
        ? { ...last, bytes: Math.max(last.bytes, servingBytes) }
        : { id, files, bytes: servingBytes, bytesBefore: last.files === files ? last.bytes : 0 };
    this.#seen.set(directory, seen);
    const bytes = Math.max(seen.bytes, seen.bytesBefore);
    if (Math.abs(bytes - kept) <= kept * remarkableShare) return undefined;
    this.#kept.set(directory, bytes);
    return bytes;
  }
}

type LookedAt = Pick<InstanceSnapshot, "id" | "folder" | "files" | "state" | "sessions" | "servingBytes">;
