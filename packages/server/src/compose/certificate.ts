import { certificateFilesOf } from "../base/certificate.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { type ServedCertificate, serveCertificate } from "../gateway/served-certificate.ts";

/** The certificate of the ports; undefined where none is configured. @throws VoxpoolError `config_invalid` */
export async function composeCertificate(config: Config, log: Log): Promise<ServedCertificate | undefined> {
  const files = certificateFilesOf(config);
  return files && serveCertificate({ files, log });
}
