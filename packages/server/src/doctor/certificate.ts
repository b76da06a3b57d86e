import { certificateFilesOf, expiryOf, readCertificate } from "../base/certificate.ts";
import { type Finding, note, ok, type Place, type Probe, problem } from "./types.ts";

/** Whether the server could speak TLS, where it is to. */
export const certificateProbe: Probe = {
  name: "certificate",
  title: { en: "certificate", zh: "证书" },
  limitSeconds: 5,
  async run({ config }: Place) {
    const files = certificateFilesOf(config);
    return files === undefined ? [] : [findingOf(await readCertificate(files))];
  },
};

const advice = {
  en: "put new files in their place; a running server takes them up",
  zh: "请替换为新的文件；运行中的服务器会自动使用",
};

function findingOf(certificate: Awaited<ReturnType<typeof readCertificate>>): Finding {
  const day = certificate.expiresAt.toISOString().slice(0, 10);
  const expiry = expiryOf(certificate, Date.now());
  if (expiry === "expired") return problem({ en: `it expired on ${day}`, zh: `已于 ${day} 过期` }, advice);
  if (expiry === "soon") return note({ en: `it expires on ${day}`, zh: `将于 ${day} 过期` }, advice);
  return ok({ en: `valid until ${day}`, zh: `有效期至 ${day}` });
}
