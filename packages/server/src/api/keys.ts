import type {
  KeyCreateRequest,
  KeyList,
  KeyRevokeAnswer,
  KeyRevokeRequest,
  KeyRotateRequest,
  KeySecretAnswer,
} from "@voxpool/client/contract";
import type { Keyring } from "../access/keyring.ts";
import type { Audit } from "../base/audit.ts";
import type { Caller } from "./types.ts";

/** What administrators do with keys. */
export interface KeyCalls {
  listKeys(): KeyList;
  /** @throws VoxpoolError `option_invalid`, `key_name_taken`, `keys_full`, `state_unwritable` */
  createKey(request: KeyCreateRequest, caller: Caller): Promise<KeySecretAnswer>;
  /** @throws VoxpoolError `key_not_found`, `state_unwritable` */
  rotateKey(request: KeyRotateRequest, caller: Caller): Promise<KeySecretAnswer>;
  /** @throws VoxpoolError `key_not_found`, `state_unwritable` */
  revokeKey(request: KeyRevokeRequest, caller: Caller): Promise<KeyRevokeAnswer>;
}

/** Each change leaves a line in the audit log, without the secret. */
export function createKeyCalls(
  keyring: Pick<Keyring, "list" | "create" | "rotate" | "revoke">,
  audit: Audit,
): KeyCalls {
  return {
    listKeys() {
      const keys = [...keyring.list()];
      return { success: true, keys, count: keys.length };
    },
    async createKey(request, who) {
      const { language } = who;
      const { name: wished, scopes, models, expires_in_seconds } = request;
      const what = { name: wished, scopes, models, expires_in_seconds };
      const made = await audit({ act: "key.create", who, what }, () => keyring.create(request));
      const { name } = made.key;
      const message = language === "zh" ? `已创建 API 密钥 ${name}` : `API key ${name} is made`;
      return { success: true, message, ...made };
    },
    async rotateKey(request, who) {
      const { language } = who;
      const { key, overlap_seconds } = request;
      const what = { key, overlap_seconds };
      const made = await audit({ act: "key.rotate", who, what }, () => keyring.rotate(request));
      const { name } = made.key;
      const message = language === "zh" ? `API 密钥 ${name} 已更换` : `API key ${name} has another secret`;
      return { success: true, message, ...made };
    },
    async revokeKey({ key }, who) {
      const { language } = who;
      const revoked = await audit({ act: "key.revoke", who, what: { key } }, () => keyring.revoke(key));
      const { name } = revoked;
      const message = language === "zh" ? `API 密钥 ${name} 已吊销` : `API key ${name} is revoked`;
      return { success: true, message, key: revoked };
    },
  };
}
