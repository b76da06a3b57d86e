import type { KeyCreateRequest, KeyInfo, KeyRotateRequest, KeyScope } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { KeyRecord, KeyRecords } from "../store/keys.ts";
import { ModelPatterns } from "./model-patterns.ts";
import type { Principal } from "./principal.ts";
import { keyScopes, usualScopes } from "./scopes.ts";
import { hasHash, hashOf, idIn, makeSecret } from "./secret.ts";

export interface KeyringOptions {
  readonly records: Omit<KeyRecords, "load">;
  readonly initial: readonly KeyRecord[];
  /** What stands in front of model ids in paths. */
  readonly modelDirs: readonly string[];
  readonly log: Log;
  /** Unix seconds. */
  readonly now?: () => number;
  /** How long the times of last use wait to be written. */
  readonly writeAfterMs?: number;
}

/** A key, and the only copy of its secret. */
export interface MadeKey {
  readonly key: KeyInfo;
  readonly secret: string;
}

interface Entry {
  record: KeyRecord;
  readonly principal: Principal;
}

/** Revoked keys are kept to be listed, as long as there is room. */
const mostKeys = 1000;
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;

/** The API keys of a server: in memory, and written through. */
export class Keyring {
  readonly #options: Required<KeyringOptions>;
  readonly #entries = new Map<string, Entry>();
  /** Last use by id, not written yet. */
  #used = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeyringOptions) {
    this.#options = { now: () => Date.now() / 1000, writeAfterMs: 60_000, ...options };
    for (const record of options.initial) this.#add(record);
  }

  /** Whose secret it is. @throws VoxpoolError `key_invalid`, `key_expired` */
  authenticate(secret: string): Principal {
    const { now } = this.#options;
    const entry = this.#entries.get(idIn(secret) ?? "");
    if (entry === undefined || !isSecretOf(secret, entry.record, now())) throw new VoxpoolError("key_invalid");
    const { record, principal } = entry;
    const state = stateOf(record, now());
    if (state === "expired") throw new VoxpoolError("key_expired", { name: record.name });
    if (state === "revoked") throw new VoxpoolError("key_invalid");
    this.#noteUse(entry);
    return principal;
  }

  /** The oldest first. */
  list(): readonly KeyInfo[] {
    return Array.from(this.#entries.values(), ({ record }) => this.#infoOf(record));
  }

  /** @throws VoxpoolError `option_invalid`, `key_name_taken`, `keys_full`, `state_unwritable` */
  async create(request: KeyCreateRequest): Promise<MadeKey> {
    const { name, scopes = usualScopes, models = [], expires_in_seconds: expiresIn } = request;
    this.#check(name, scopes, models);
    const forgotten = this.#makeRoom();
    const { id, text } = makeSecret();
    const createdAt = this.#options.now();
    const { record } = this.#add({
      id,
      name,
      hash: hashOf(text),
      scopes: keyScopes.filter((scope) => scopes.includes(scope)),
      models,
      createdAt,
      ...(expiresIn !== undefined && { expiresAt: createdAt + expiresIn }),
    });
    try {
      if (forgotten !== undefined) await this.#options.records.remove(forgotten);
      await this.#options.records.set(record);
    } catch (error) {
      this.#entries.delete(id); // nobody has its secret
      throw error;
    }
    return { key: this.#infoOf(record), secret: text };
  }

  /**
   * Gives a key another secret; the old one is taken for a while longer if that is wished.
   * @throws VoxpoolError `key_not_found`, `state_unwritable`
   */
  async rotate({ key, overlap_seconds: overlap = 0 }: KeyRotateRequest): Promise<MadeKey> {
    const entry = this.#find(key);
    const { oldHash: _, oldUntil: __, ...before } = entry.record;
    const { text } = makeSecret(before.id);
    const old = { oldHash: before.hash, oldUntil: this.#options.now() + overlap };
    const rotated = { ...before, hash: hashOf(text), ...(overlap > 0 && old) };
    await this.#options.records.set(rotated);
    // What happened to it meanwhile goes on to be so.
    const { revokedAt, lastUsedAt } = entry.record;
    entry.record = {
      ...rotated,
      ...(lastUsedAt !== undefined && { lastUsedAt }),
      ...(revokedAt !== undefined && { revokedAt }),
    };
    return { key: this.#infoOf(entry.record), secret: text };
  }

  /** From this moment on it is nobody's key, also if that cannot be written. @throws VoxpoolError `key_not_found`, `state_unwritable` */
  async revoke(key: string): Promise<KeyInfo> {
    const entry = this.#find(key);
    entry.record = { ...entry.record, revokedAt: this.#options.now() };
    await this.#options.records.set(entry.record);
    return this.#infoOf(entry.record);
  }

  /** Writes the times of last use for the last time. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writeUses();
  }

  #add(record: KeyRecord): Entry {
    const { id, name, scopes, models } = record;
    const entry: Entry = {
      record,
      principal: {
        keyId: id,
        name,
        scopes: new Set(scopes as readonly KeyScope[]),
        ...(models.length > 0 && { models: new ModelPatterns(models, this.#options.modelDirs) }),
        isValid: () => stateOf(entry.record, this.#options.now()) === "active",
      },
    };
    this.#entries.set(id, entry);
    return entry;
  }

  /** By id, else by name; a revoked one is not there. @throws VoxpoolError `key_not_found` */
  #find(key: string): Entry {
    const present = [...this.#entries.values()].filter(({ record }) => record.revokedAt === undefined);
    const found = present.find(({ record }) => record.id === key) ?? present.find(({ record }) => record.name === key);
    if (found === undefined) throw new VoxpoolError("key_not_found", { key: key.slice(0, 64) });
    return found;
  }

  #check(name: string, scopes: readonly KeyScope[], models: readonly string[]): void {
    if (!namePattern.test(name)) {
      const detail = "write letters, digits, dots, dashes and underscores, at most 64";
      throw new VoxpoolError("option_invalid", { option: "name", detail });
    }
    if (scopes.includes("admin") && models.length > 0) {
      // It could make itself a key without patterns.
      throw new VoxpoolError("option_invalid", { option: "models", detail: "a key with admin sees all models" });
    }
    const isTaken = [...this.#entries.values()].some(
      ({ record }) => record.revokedAt === undefined && (record.name === name || record.id === name),
    );
    if (isTaken) throw new VoxpoolError("key_name_taken", { name });
  }

  /** Those that were revoked first are forgotten first; gives the id of the one that is. @throws VoxpoolError `keys_full` */
  #makeRoom(): string | undefined {
    if (this.#entries.size < mostKeys) return undefined;
    const revoked = [...this.#entries.values()].filter(({ record }) => record.revokedAt !== undefined);
    const [oldest] = revoked.toSorted((a, b) => (a.record.revokedAt ?? 0) - (b.record.revokedAt ?? 0));
    if (oldest === undefined) throw new VoxpoolError("keys_full", { limit: mostKeys });
    this.#entries.delete(oldest.record.id);
    return oldest.record.id;
  }

  #noteUse(entry: Entry): void {
    const { now, writeAfterMs } = this.#options;
    const lastUsedAt = now();
    if (lastUsedAt - (entry.record.lastUsedAt ?? 0) < 1) return;
    entry.record = { ...entry.record, lastUsedAt };
    this.#used.set(entry.record.id, lastUsedAt);
    this.#timer ??= setTimeout(() => void this.#writeUses(), writeAfterMs).unref();
  }

  async #writeUses(): Promise<void> {
    this.#timer = undefined;
    if (this.#used.size === 0) return;
    const used = this.#used;
    this.#used = new Map();
    await this.#options.records.setLastUsed(used).catch((error: unknown) => {
      const { reason, message } = VoxpoolError.from(error);
      this.#options.log.warn({ reason, detail: message }, "When API keys were used last could not be written");
    });
  }

  #infoOf(record: KeyRecord): KeyInfo {
    const now = this.#options.now();
    const { id, name, oldUntil } = record;
    return {
      id,
      name,
      scopes: [...record.scopes] as KeyScope[],
      models: [...record.models],
      state: stateOf(record, now),
      created_at: record.createdAt,
      expires_at: record.expiresAt ?? null,
      last_used_at: record.lastUsedAt ?? null,
      revoked_at: record.revokedAt ?? null,
      old_secret_until: oldUntil !== undefined && oldUntil > now ? oldUntil : null,
    };
  }
}

function stateOf({ revokedAt, expiresAt }: KeyRecord, now: number): KeyInfo["state"] {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "active";
}

function isSecretOf(secret: string, { hash, oldHash, oldUntil = 0 }: KeyRecord, now: number): boolean {
  if (hasHash(secret, hash)) return true;
  return oldHash !== undefined && oldUntil > now && hasHash(secret, oldHash);
}
