import { spawnSync } from "node:child_process";
import { join } from "node:path";

const command = join(import.meta.dirname, "../../packages/server/bin/voxpool.js");

/** Writes a certificate into a directory, as people do. @returns the settings of a server with it */
export function writeCertificate(directory: string): { "tls.cert": string; "tls.key": string } {
  const { status, stderr } = spawnSync(process.execPath, [
    command,
    "tls",
    "self-signed",
    "--force",
    "--out",
    directory,
  ]);
  if (status !== 0) throw new Error(`no certificate: ${stderr.toString("utf8")}`);
  return { "tls.cert": join(directory, "cert.pem"), "tls.key": join(directory, "key.pem") };
}
