/**
 * The thread that has the database: a disk that is slow holds up nobody but those who wait for it. It is the only
 * writer, so no write ever waits for another one's lock.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { VoxpoolError, type WireError } from "../base/errors.ts";
import { codeOf, type OpenedDatabase, openDatabase, sqlite, textOf } from "./open-database.ts";
import type { FromStore, Statement, StoreThreadData, ToStore } from "./wire.ts";

const port = parentPort;
if (port === null) throw new Error("this is started as a thread");
const { file, maxBytes } = workerData as StoreThreadData;
const opened = open();
if (opened !== undefined) serve(opened);

function open(): OpenedDatabase | undefined {
  try {
    const found = openDatabase(file, maxBytes);
    tell({ type: "opened", notices: found.notices });
    return found;
  } catch (error) {
    tell({ type: "refused", error: VoxpoolError.from(error).toWire() });
    port?.close();
    return undefined;
  }
}

function serve(first: OpenedDatabase): void {
  let { database, notKept } = first;
  let statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const run = ({ sql, values = [] }: Statement) => void prepare(sql).run(...values);
  const answer = (message: Exclude<ToStore, { type: "close" }>): FromStore => {
    if (message.type === "read") return read(prepare, message.number, message.statement);
    if (message.type === "backup") {
      const { number } = message;
      // An empty copy would pass for a backup.
      if (notKept !== undefined) return { type: "unread", number, error: unwritable(notKept) };
      return read((sql) => database.prepare(sql), number, { sql: "VACUUM INTO ?", values: [message.file] });
    }
    // What could not be opened at the start perhaps can be now; nothing was written into what stands for it.
    const again = notKept === undefined ? undefined : openAgain();
    if (again) {
      database.close();
      ({ database, notKept } = again);
      statements = new Map();
    }
    const refusal = notKept;
    if (refusal !== undefined) return { type: "written", failures: message.writes.map(() => unwritable(refusal)) };
    return { type: "written", failures: writeTogether(database, run, message.writes) };
  };
  port?.on("message", (message: ToStore) => {
    if (message.type !== "close") return tell(answer(message));
    database.close();
    port.close();
  });
}

/** Undefined: it still cannot be used. */
function openAgain(): OpenedDatabase | undefined {
  try {
    const found = openDatabase(file, maxBytes);
    if (found.notKept === undefined) return found;
    found.database.close();
  } catch {
    // A newer voxpool or another process has it by now: it stays as it is.
  }
  return undefined;
}

function read(prepare: (sql: string) => StatementSync, number: number, { sql, values = [] }: Statement): FromStore {
  try {
    return { type: "rows", number, rows: prepare(sql).all(...values) };
  } catch (error) {
    return { type: "unread", number, error: wireOf(error) };
  }
}

/** One transaction for all; if that fails, one for each, so that a bad write harms no other. */
function writeTogether(
  database: DatabaseSync,
  run: (statement: Statement) => void,
  writes: readonly (readonly Statement[])[],
): (WireError | undefined)[] {
  const failure = commit(database, run, writes.flat());
  if (failure === undefined || writes.length === 1) return writes.map(() => failure);
  return writes.map((write) => commit(database, run, write));
}

function commit(
  database: DatabaseSync,
  run: (statement: Statement) => void,
  statements: readonly Statement[],
): WireError | undefined {
  try {
    database.exec("BEGIN IMMEDIATE");
    for (const statement of statements) run(statement);
    database.exec("COMMIT");
    return undefined;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK"); // a full disk has rolled back already
    return wireOf(error);
  }
}

function wireOf(error: unknown): WireError {
  if (codeOf(error) === sqlite.full) return new VoxpoolError("disk_full", { what: "the state of the server" }).toWire();
  return unwritable(textOf(error));
}

function unwritable(detail: string): WireError {
  return new VoxpoolError("state_unwritable", { file: file ?? "", detail }).toWire();
}

function tell(message: FromStore): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  port?.postMessage(message);
}
