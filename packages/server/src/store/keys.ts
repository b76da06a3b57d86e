import { numberOf, textOf } from "./rows.ts";
import type { Row, Store } from "./store.ts";

/** A key as it is kept; of its secret there is only the hash. Times in Unix seconds. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  /** Of the secret before the last rotation, and until when it is taken. */
  readonly oldHash?: string;
  readonly oldUntil?: number;
  readonly scopes: readonly string[];
  readonly models: readonly string[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly lastUsedAt?: number;
  readonly revokedAt?: number;
}

/** API keys. Each write resolves once it is kept. @throws VoxpoolError as `Store.write` does */
export interface KeyRecords {
  /** The oldest first. */
  load(): Promise<readonly KeyRecord[]>;
  set(record: KeyRecord): Promise<void>;
  /** When keys were used last, by id. */
  setLastUsed(times: ReadonlyMap<string, number>): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createKeyRecords(store: Store): KeyRecords {
  return {
    async load() {
      const rows = await store.read("SELECT * FROM keys ORDER BY created_at, id");
      return rows.map(toRecord);
    },
    set: (record) =>
      store.write({
        sql: "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values: [
          record.id,
          record.name,
          record.hash,
          record.oldHash ?? null,
          record.oldUntil ?? null,
          record.scopes.join(" "),
          JSON.stringify(record.models),
          record.createdAt,
          record.expiresAt ?? null,
          record.lastUsedAt ?? null,
          record.revokedAt ?? null,
        ],
      }),
    setLastUsed: (times) =>
      store.write(
        ...Array.from(times, ([id, at]) => ({
          sql: "UPDATE keys SET last_used_at = ? WHERE id = ?",
          values: [at, id],
        })),
      ),
    remove: (id) => store.write({ sql: "DELETE FROM keys WHERE id = ?", values: [id] }),
  };
}

function toRecord(row: Row): KeyRecord {
  return {
    id: textOf(row, "id"),
    name: textOf(row, "name"),
    hash: textOf(row, "hash"),
    ...(row["old_hash"] !== null && { oldHash: textOf(row, "old_hash") }),
    ...timeOf(row, "old_until", "oldUntil"),
    scopes: textOf(row, "scopes").split(" "),
    models: listOf(row, "models"),
    createdAt: numberOf(row, "created_at"),
    ...timeOf(row, "expires_at", "expiresAt"),
    ...timeOf(row, "last_used_at", "lastUsedAt"),
    ...timeOf(row, "revoked_at", "revokedAt"),
  };
}

function timeOf<Name extends string>(row: Row, column: string, name: Name): { readonly [Key in Name]?: number } {
  if (row[column] === null) return {};
  return { [name]: numberOf(row, column) } as { readonly [Key in Name]: number };
}

/** What cannot be read matches no model, rather than all. */
function listOf(row: Row, column: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(textOf(row, column));
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  } catch {
    // Told below.
  }
  return [""];
}
