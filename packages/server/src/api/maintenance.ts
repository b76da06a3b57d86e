import type { ConfigReloadAnswer } from "@voxpool/client/contract";
import type { Caller } from "./types.ts";

/** Who asks for it, for the audit. */
export type Asker = Omit<Caller, "signal">;

/** A copy of what the server keeps, as a file of its own. */
export interface BackupFile {
  readonly path: string;
  /** Whoever asked for it removes it. */
  remove(): Promise<void>;
}

/** What operators do with a running server. */
export interface Maintenance {
  /** @throws VoxpoolError `state_unwritable`, `disk_full` */
  backUp(who: Asker): Promise<BackupFile>;
  /** Takes up the configuration as it is now written. @throws VoxpoolError `config_invalid`: nothing has changed */
  reloadConfig(who: Asker): Promise<ConfigReloadAnswer>;
}
