import { VoxpoolError } from "../base/errors.ts";
import type { Pool } from "../pool/types.ts";
import type { Session } from "../recognition/types.ts";

interface Entry {
  error?: VoxpoolError;
  stop?: (error: VoxpoolError) => void;
}

/**
 * Live sessions whose model is unloaded by force. Its process waits for them, and every new session for it: somebody
 * who speaks on would keep all others waiting, so they are told to come to an end.
 */
export class ForcedAway {
  readonly #entries = new Map<Session, Entry>();

  constructor(pool: Pick<Pool, "subscribe">) {
    pool.subscribe((event) => {
      if (event.type === "unloading" && event.cause === "forced") this.#force(event.instance.folder.directory);
    });
  }

  /** From now on it is noticed. */
  watch(session: Session): void {
    this.#entries.set(session, {});
  }

  /** Calls `stop` when its model is forced away; at once if that has happened since it is watched. */
  tell(session: Session, stop: (error: VoxpoolError) => void): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    entry.stop = stop;
    if (entry.error) stop(entry.error);
  }

  /** It is over. Safe to call twice. */
  forget(session: Session): void {
    this.#entries.delete(session);
  }

  #force(directory: string): void {
    for (const [session, entry] of this.#entries) {
      const { folder } = session;
      if (folder.directory !== directory) continue;
      entry.error = new VoxpoolError("model_forced_away", { model_path: folder.modelPath });
      entry.stop?.(entry.error);
    }
  }
}
