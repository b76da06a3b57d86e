import { open } from "node:fs/promises";
import { ConfigReloadAnswer } from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import type { Asker, Maintenance } from "../../api/maintenance.ts";
import { callerOf, goneSignal } from "../caller.ts";
import { failures, json, type Operation } from "./operation.ts";

export interface MaintenanceRoutesOptions {
  readonly maintenance: Maintenance;
}

const databaseType = "application/vnd.sqlite3";

/** `POST /api/backup` and `POST /api/config/reload`. */
export async function maintenanceRoutes(
  fastify: FastifyInstance,
  { maintenance }: MaintenanceRoutesOptions,
): Promise<void> {
  // Neither takes a body; what comes along is not read.
  fastify.addContentTypeParser("*", (_request, _body, done) => done(null, undefined));
  fastify.post("/api/backup", { config: { operation: backupOperation, scope: "admin" } }, (request, reply) => {
    const gone = goneSignal(reply);
    return sendBackup(maintenance, callerOf(request, gone), gone, reply);
  });
  fastify.post("/api/config/reload", { config: { operation: reload, scope: "admin" } }, (request, reply) =>
    maintenance.reloadConfig(callerOf(request, goneSignal(reply))),
  );
}

async function sendBackup(
  maintenance: Maintenance,
  who: Asker,
  gone: AbortSignal,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const backup = await maintenance.backUp(who);
  try {
    const file = await open(backup.path);
    const { size } = await file.stat();
    const bytes = file.createReadStream();
    bytes.once("close", () => void backup.remove());
    const leave = () => bytes.destroy();
    if (gone.aborted) leave();
    else gone.addEventListener("abort", leave, { once: true });
    const name = `voxpool-${new Date().toISOString().slice(0, 10)}.db`;
    return await reply
      .header("content-type", databaseType)
      .header("content-length", size)
      .header("content-disposition", `attachment; filename="${name}"`)
      .header("cache-control", "no-store")
      .send(bytes);
  } catch (error) {
    await backup.remove();
    throw error;
  }
}

const backupOperation: Operation = {
  summary: "A copy of what the server keeps",
  description:
    "Aliases, pins, chosen versions, keys (hashed), counters and what was measured, as one SQLite database; models and " +
    "recordings are not in it. It is whole, also while others change things. `voxpool restore` takes it.",
  tag: "server",
  responses: {
    200: { description: "The database.", content: { [databaseType]: Type.String({ format: "binary" }) } },
    ...failures(["too_many_backups", "state_unwritable", "disk_full", "internal", "server_stopping"]),
  },
};

const reload: Operation = {
  summary: "Read the configuration again",
  description:
    "File and environment as they are now, with the flags of the start. What can change while the server runs is in " +
    "force at once; the rest is named. A configuration that is wrong anywhere changes nothing.",
  tag: "server",
  responses: {
    200: { description: "It is taken up.", content: json(ConfigReloadAnswer) },
    ...failures(["config_invalid", "option_invalid", "internal", "server_stopping"]),
  },
};
