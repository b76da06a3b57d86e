import type { Server } from "node:tls";
import {
  type Certificate,
  type CertificateFiles,
  expiryOf,
  markOf,
  readCertificate,
  secureOptions,
} from "../base/certificate.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

/** The certificate of the ports, as it is in its files. */
export interface ServedCertificate {
  /** The one that is in force. */
  readonly current: Certificate;
  /** New connections to a server get the certificate that is in force then; what is open goes on. */
  serve(server: Server): void;
  /** Reads the files now. Never throws: where they are not right, the old ones stay, and the log says why. */
  reload(): Promise<void>;
  close(): void;
}

export interface ServedCertificateOptions {
  readonly files: CertificateFiles;
  readonly log: Log;
  /** How often the files are looked at; 2 s by default. */
  readonly pollMs?: number;
  readonly now?: () => number;
}

/**
 * Reads a certificate and follows its files, by looking at them from time to time: that also works for links and for
 * disks of the network.
 * @throws VoxpoolError `config_invalid`
 */
export async function serveCertificate(options: ServedCertificateOptions): Promise<ServedCertificate> {
  const { files, log, pollMs = 2_000, now = Date.now } = options;
  let mark = await markOf(files);
  let current = await readCertificate(files);
  const servers = new Set<Server>();
  const warnings = expiryWarnings(log, now);
  warnings.look(current);

  const takeUp = async () => {
    try {
      current = await readCertificate(files);
      for (const server of servers) server.setSecureContext(secureOptions(current));
      log.info({ expires_at: current.expiresAt.toISOString() }, "the certificate was read again");
      warnings.forget();
    } catch (error) {
      const { message } = VoxpoolError.from(error);
      log.error({ detail: message }, "the new certificate is not taken up; the old one stays");
    }
    warnings.look(current);
  };
  let waiting = mark;
  const poll = async () => {
    const seen = await markOf(files);
    warnings.look(current);
    // Two files are written one after the other: they are read once both have rested for a while.
    const isSettled = seen === waiting;
    waiting = seen;
    if (seen === mark || !isSettled) return;
    mark = seen;
    await takeUp();
  };
  // One after the other: which files are in force would be left to chance.
  let last: Promise<void> = Promise.resolve();
  const queue = (work: () => Promise<void>) => {
    last = last.then(work);
    return last;
  };
  const timer = setInterval(() => void queue(poll), pollMs).unref();
  return {
    get current() {
      return current;
    },
    serve(server) {
      servers.add(server);
      server.once("close", () => servers.delete(server));
    },
    reload: () =>
      queue(async () => {
        mark = await markOf(files);
        waiting = mark;
        await takeUp();
      }),
    close: () => clearInterval(timer),
  };
}

const dayMs = 86_400_000;

/** Says once a day that the certificate ends, from two weeks before. */
function expiryWarnings(log: Log, now: () => number) {
  let saidMs: number | undefined;
  return {
    look(certificate: Certificate): void {
      const expiry = expiryOf(certificate, now());
      if (expiry === undefined || (saidMs !== undefined && now() - saidMs < dayMs)) return;
      saidMs = now();
      const fields = { expires_at: certificate.expiresAt.toISOString() };
      if (expiry === "expired") log.error(fields, "the certificate has expired: clients refuse it");
      else log.warn(fields, "the certificate expires soon");
    },
    /** Another certificate has its own end. */
    forget(): void {
      saidMs = undefined;
    },
  };
}
