import { hasType, readJson } from "./answer.ts";
import { type CallContext, type CallOptions, exchange, scopeOf } from "./call.ts";
import { type CallFailure, type Served, servedBy } from "./failure.ts";
import type { Outcome } from "./retry.ts";
import type { TransportAnswer } from "./transport.ts";

/** What a server keeps over restarts: aliases, pins, chosen versions, keys, counters; no models, no recordings. */
export interface Backup {
  readonly success: true;
  /** A SQLite database, whole. */
  readonly data: Blob;
}

const databaseType = "application/vnd.sqlite3";

/** `POST /api/backup`. @throws TypeError if an option is wrong */
export async function fetchBackup(context: CallContext, options: CallOptions): Promise<Served<Backup> | CallFailure> {
  const scope = scopeOf(context, options, Infinity);
  const { transport } = context;
  const read = async (answer: TransportAnswer): Promise<Outcome<Served<Backup>>> => {
    if (answer.status >= 400 || !hasType(answer, databaseType)) return readJson(answer, transport.target, scope.signal);
    const data = await new Response(answer.body).blob();
    return { ok: true, value: { success: true, data, ...servedBy(answer) } };
  };
  try {
    const headers = { accept: `${databaseType}, application/json` };
    const outcome = await exchange(transport, { method: "POST", path: "/backup", headers }, scope, read);
    return outcome.ok ? outcome.value : outcome.failure;
  } finally {
    scope.close();
  }
}
