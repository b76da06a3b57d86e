/** How certificates fail, by OpenSSL and Node. */
const aboutCertificate = /CERT|_ISSUER_|LEAF_SIGNATURE|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$/;
const untrusted =
  "nobody known vouches for its certificate; if it is the right one, name its file: --cacert of voxpool, NODE_EXTRA_CA_CERTS of Node";

/** What the codes of Node and its `fetch` mean to people. */
const networkTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the name of the host is not known",
  EAI_AGAIN: "the name of the host cannot be looked up at the moment",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  ETIMEDOUT: "the host does not answer",
  UND_ERR_CONNECT_TIMEOUT: "the host does not answer",
  ECONNRESET: "the other side cut the connection",
  EPIPE: "the other side cut the connection",
  UND_ERR_SOCKET: "the other side cut the connection",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is the clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is that of another host",
  ERR_SSL_WRONG_VERSION_NUMBER: "what listens there does not speak HTTPS; write http://",
};
const fileTexts: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "it may not be read by this user",
  EPERM: "it may not be read by this user",
  EISDIR: "it is a directory",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "its links lead in a circle",
};

/** Whether the cause of a failure is a certificate: then nothing but a handshake was sent. */
export function isAboutCertificate(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && aboutCertificate.test(String(cause.code));
}

/**
 * What an error says to people. `fetch` says "fetch failed" and hides the reason in `cause`, so the innermost error is
 * told; what the system says is put into words, with its code behind them for whoever looks it up.
 */
export function explainError(error: unknown): string {
  let text = "";
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    text = explainCode(at) ?? (at.message || text);
  }
  return text || String(error);
}

function explainCode(error: Error): string | undefined {
  // Node's attempt at several addresses fails with an AggregateError that has a code but no message.
  const { code, path, syscall } = error as { code?: unknown; path?: unknown; syscall?: unknown };
  if (typeof code !== "string") return undefined;
  // A firewall's refusal of a connection has the code of a file without permission.
  const texts = syscall === "connect" || syscall === "getaddrinfo" ? networkTexts : { ...networkTexts, ...fileTexts };
  const text = Object.hasOwn(texts, code) ? texts[code] : aboutCertificate.test(code) ? untrusted : undefined;
  if (text === undefined) return error.message || code;
  const where = typeof path === "string" ? `${path}: ` : "";
  return `${where}${text} (${code})`;
}
