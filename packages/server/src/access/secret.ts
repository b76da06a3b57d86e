import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What a secret is made of: `vxp_`, the id of its key, and 256 random bits. */
export interface Secret {
  readonly id: string;
  readonly text: string;
}

const shape = /^vxp_([0-9a-f]{12})_[\w-]{43}$/;

/** A new secret, of a new key unless an id is given. */
export function makeSecret(id: string = randomBytes(6).toString("hex")): Secret {
  return { id, text: `vxp_${id}_${randomBytes(32).toString("base64url")}` };
}

/** The id of the key that a secret says it belongs to; undefined: it is none of ours. */
export function idIn(text: string): string | undefined {
  return shape.exec(text)?.[1];
}

/**
 * What is kept of a secret: SHA-256 in hexadecimal. Slow hashes protect passwords, which can be guessed; 256 random
 * bits cannot, and each request is checked.
 */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether a secret has this hash, in a time that does not tell how much of it is right. */
export function hasHash(text: string, hash: string): boolean {
  const [given, kept] = [Buffer.from(hashOf(text)), Buffer.from(hash)];
  return given.length === kept.length && timingSafeEqual(given, kept);
}
