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
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not trusted; NODE_EXTRA_CA_CERTS can name a file of more",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not trusted; NODE_EXTRA_CA_CERTS can name a file of more",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not trusted; NODE_EXTRA_CA_CERTS can name a file of more",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is that of another host",
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
  if (!Object.hasOwn(texts, code)) return error.message || code;
  const where = typeof path === "string" ? `${path}: ` : "";
  return `${where}${texts[code]} (${code})`;
}
