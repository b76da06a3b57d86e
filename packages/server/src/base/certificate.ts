import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { VoxpoolError } from "./errors.ts";
import type { Config } from "./settings.ts";
import { systemText } from "./system-text.ts";

/** Where a certificate and its private key are, as PEM. */
export interface CertificateFiles {
  /** The certificate, behind it those between it and its authority. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key, which belong together. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly expiresAt: Date;
  /** Whether it is its own authority, so that clients have to be given it. */
  readonly isSelfSigned: boolean;
}

/** What every TLS socket of the server is made with. */
export function secureOptions({ cert, key }: Pick<Certificate, "cert" | "key">) {
  return { cert, key, minVersion: "TLSv1.2" } as const;
}

/** A chain has some kilobytes; what is far larger is another file. */
const mostBytes = 1 << 20;

/** @throws VoxpoolError `config_invalid` if one cannot be read, is not PEM, or they do not belong together */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const [cert, key] = [await read(files.cert, "tls.cert"), await read(files.key, "tls.key")];
  const leaf = attempt("tls.cert", files.cert, "it is no certificate in PEM", () => new X509Certificate(cert));
  attempt("tls.key", files.key, "it is no key in PEM without a passphrase that belongs to tls.cert", () =>
    createSecureContext(secureOptions({ cert, key })),
  );
  return {
    cert,
    key,
    expiresAt: new Date(leaf.validTo),
    isSelfSigned: leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey),
  };
}

/** The files that are configured; undefined if there are none. @throws VoxpoolError `config_invalid` for one alone */
export function certificateFilesOf(config: Pick<Config, "tls.cert" | "tls.key">): CertificateFiles | undefined {
  const { "tls.cert": cert, "tls.key": key } = config;
  if (cert === "" && key === "") return undefined;
  if (cert !== "" && key !== "") return { cert, key };
  const [source, other] = cert === "" ? ["tls.cert", "tls.key"] : ["tls.key", "tls.cert"];
  throw new VoxpoolError("config_invalid", { source, detail: `it is needed beside ${other}` });
}

const soonMs = 14 * 86_400_000;

/** What is to be said of a certificate's end. */
export function expiryOf({ expiresAt }: Pick<Certificate, "expiresAt">, nowMs: number): "expired" | "soon" | undefined {
  const leftMs = expiresAt.getTime() - nowMs;
  if (leftMs <= 0) return "expired";
  return leftMs < soonMs ? "soon" : undefined;
}

/** Changes when one of the files does; a file that is not there has a mark too. */
export async function markOf(files: CertificateFiles): Promise<string> {
  const marks = [files.cert, files.key].map(async (path) => {
    // What a link leads to is meant: that is how some put new ones in place.
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? "missing" : `${found.mtimeMs} ${found.ctimeMs} ${found.size} ${found.ino}`;
  });
  return (await Promise.all(marks)).join(", ");
}

async function read(path: string, source: string): Promise<string> {
  try {
    const { size } = await regularFile(path);
    if (size > mostBytes) throw new Error("it is larger than 1 MB");
    return await readFile(path, "utf8");
  } catch (error) {
    throw wrong(source, path, systemText(error), error);
  }
}

/** A pipe would be waited for. */
async function regularFile(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error("it is no file");
  return found;
}

/** What OpenSSL says of it helps nobody, and might quote it. */
function attempt<T>(source: string, path: string, why: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw wrong(source, path, why, error);
  }
}

function wrong(source: string, path: string, why: string, cause: unknown): VoxpoolError {
  const text = why.startsWith(path) ? why : `${path}: ${why}`;
  return new VoxpoolError("config_invalid", { source, detail: text }, { cause });
}
