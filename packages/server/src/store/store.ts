import type { Log } from "../base/log.ts";
import { StoreThread } from "./thread.ts";
import type { Row, Statement, Value } from "./wire.ts";

export type { Row, Statement, Value };

/** What is kept over restarts, in one SQLite file with one writer. */
export interface Store {
  /**
   * Writes all or nothing; resolves once it would survive the death of the process and of the machine's power.
   * @throws VoxpoolError `disk_full`, `state_unwritable`, `server_stopping` when it is closed
   */
  write(...statements: readonly Statement[]): Promise<void>;
  /** Sees all writes that were begun before. @throws VoxpoolError as `write` does */
  read(sql: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Writes a whole copy, with all writes that were begun before, into a file that is not there yet.
   * @throws VoxpoolError as `write` does
   */
  backUp(file: string): Promise<void>;
  /** Ends once all writes are kept. Safe to call twice. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Its directory exists, and is this process's own by the lock of the state directory. Undefined: in memory. */
  readonly file?: string;
  readonly log: Log;
  /** The file never grows past this; writes then fail as on a full disk. */
  readonly maxBytes?: number;
  /** Writes that wait for the disk; more are refused. */
  readonly mostWaiting?: number;
}

const notKeptText =
  "the state file cannot be used: make room, or see to its permissions; until then nothing is kept over a restart";
const defaultMaxBytes = 1024 ** 3;
const defaultMostWaiting = 10_000;

/**
 * Opens the store. A file that cannot be read never stops the server: it is moved aside and a fresh one begun, and
 * where nothing can be kept at all, every write says so. The log tells.
 * @throws VoxpoolError `state_newer` of a file that a newer voxpool wrote; `state_locked` while another process has it
 */
export async function openStore({
  file,
  log,
  maxBytes = defaultMaxBytes,
  mostWaiting = defaultMostWaiting,
}: StoreOptions): Promise<Store> {
  const thread = new StoreThread({ file, maxBytes }, mostWaiting);
  for (const notice of await thread.opened) {
    if (notice.type === "moved_aside")
      log.error(
        { file, moved_to: notice.to, detail: notice.detail },
        "the state file was damaged; a fresh one is begun",
      );
    else if (notice.type === "restored")
      log.info({ file, before: notice.before }, "the state was restored from a backup; what was there before is kept");
    else log.error({ file, detail: notice.detail }, notKeptText);
  }
  return thread;
}
