import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../base/settings.ts";
import { type ServedCertificate, serveCertificate } from "../gateway/served-certificate.ts";

/** The certificate of the ports; undefined where none is configured. @throws VoxpoolError `config_invalid` */
export async function composeCertificate(config: Config, log: Log): Promise<ServedCertificate | undefined> {
  const { "tls.cert": cert, "tls.key": key } = config;
  if (cert === "" && key === "") return undefined;
  if (cert === "" || key === "") {
    const [source, other] = cert === "" ? ["tls.cert", "tls.key"] : ["tls.key", "tls.cert"];
    throw new VoxpoolError("config_invalid", { source, detail: `it is needed beside ${other}` });
  }
  return serveCertificate({ files: { cert, key }, log });
}
