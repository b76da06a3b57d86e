import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupFile, Maintenance } from "../api/maintenance.ts";
import type { Audit } from "../base/audit.ts";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import { makeFolder } from "../base/folders.ts";
import type { Log } from "../base/log.ts";
import { changeOf } from "../base/reloadable.ts";
import type { Config } from "../base/settings.ts";
import type { ServedCertificate } from "../gateway/served-certificate.ts";
import type { Durable } from "./durable.ts";
import { type InForce, takeUp } from "./reload.ts";

export interface MaintenanceParts extends InForce {
  /** What is in force; of it, what can be reloaded is changed in place. */
  readonly config: Config;
  /** The configuration as it is written now; `config` for ever if it is left out. @throws VoxpoolError `config_invalid` */
  readonly reread?: (() => Config) | undefined;
  /** Told of the configuration that is in force from now on. */
  readonly onReload?: ((config: Config) => void) | undefined;
  readonly durable: Pick<Durable, "backUp">;
  /** Read again with the configuration. */
  readonly certificate?: Pick<ServedCertificate, "reload"> | undefined;
  /** Where a copy is kept until it is sent; of this process alone. */
  readonly spoolDirectory: string;
  readonly log: Log;
  readonly audit: Audit;
}

/** What operators do with a running server. */
export function composeMaintenance(parts: MaintenanceParts): Maintenance {
  const { audit } = parts;
  const underWay = new Set<object>();
  return {
    backUp: (who) => audit({ act: "state.backup", who, what: {} }, () => backUp(parts, underWay)),
    reloadConfig: (who) => audit({ act: "config.reload", who, what: {} }, async () => reload(parts, who.language)),
  };
}

/** Copies that wait for their readers at once: those who do not read must not fill the disk. */
const mostBackups = 4;

async function backUp({ spoolDirectory, durable }: MaintenanceParts, underWay: Set<object>): Promise<BackupFile> {
  if (underWay.size >= mostBackups)
    throw new VoxpoolError("too_many_backups", { limit: mostBackups, retry_after_seconds: 5 });
  // Named as the files of uploads are: what a killed process has left there is removed at the next start.
  const path = join(spoolDirectory, `upload-${process.pid}-${randomUUID()}.db`);
  const mine = {};
  underWay.add(mine);
  const remove = async () => {
    underWay.delete(mine);
    await rm(path, { force: true });
  };
  try {
    await makeFolder(spoolDirectory, 0o700);
    await durable.backUp(path);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

type Reloaded = Awaited<ReturnType<Maintenance["reloadConfig"]>>;

/** @throws VoxpoolError `config_invalid`, `option_invalid`; nothing has changed then */
function reload(parts: MaintenanceParts, language: MessageLanguage): Reloaded {
  const { config, reread = () => config, onReload, log } = parts;
  // Also where the configuration is wrong: the two have nothing to do with each other.
  void parts.certificate?.reload();
  try {
    const next = reread();
    const { reloadable, needsRestart } = changeOf(config, next);
    const values = Object.fromEntries(reloadable.map((key) => [key, next[key]]));
    takeUp({ ...config, ...values }, parts);
    Object.assign(config, values);
    onReload?.(config);
    log.info({ changed: reloadable, needs_restart: needsRestart }, "the configuration was read again");
    const message = reloadText(reloadable, needsRestart)[language];
    return { success: true, message, changed: [...reloadable], needs_restart: [...needsRestart] };
  } catch (error) {
    const { reason, message } = VoxpoolError.from(error);
    log.warn({ reason, detail: message }, "the configuration is not taken up");
    throw error;
  }
}

function reloadText(changed: readonly string[], needsRestart: readonly string[]) {
  const [now, later] = [changed.join(", "), needsRestart.join(", ")];
  return {
    en: `${now === "" ? "Nothing changed" : `In force now: ${now}`}${later === "" ? "" : `; after a restart: ${later}`}`,
    zh: `${now === "" ? "没有改动" : `已生效：${now}`}${later === "" ? "" : `；重启后生效：${later}`}`,
  };
}
