import { hostNameOf, isPrivateName } from "./host-name.ts";

/** Of what is no page: nothing of it is run or shown inside of another one. */
const answerHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  // Names of models, words, keys: nothing on the way keeps them.
  "cache-control": "no-store",
};

/** A year. */
const transportSecurity = { "strict-transport-security": "max-age=31536000" };

/** What a page of documentation may load: its own files, and pictures that stand in them. */
export const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-cache",
};

export interface Connection {
  /** Whether this server itself speaks TLS with the client. */
  readonly isTls: boolean;
  readonly host: string | undefined;
}

/**
 * Headers of every answer. That a name is to be reached by HTTPS alone is said of public names only: it would count for
 * all other ports of `localhost` or of a machine in a local network, too.
 */
export function securityHeaders({ isTls, host }: Connection): Readonly<Record<string, string>> {
  if (!isTls) return answerHeaders;
  const name = hostNameOf(host ?? "");
  const isPublic = name !== undefined && !isPrivateName(name);
  return isPublic ? { ...answerHeaders, ...transportSecurity } : answerHeaders;
}
