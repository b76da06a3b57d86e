import assert from "node:assert/strict";
import { copyFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { expiryOf, readCertificate } from "../../dist/base/certificate.js";
import { serveCertificate } from "../../dist/gateway/served-certificate.js";
import { scratchDirectory } from "../base/scratch.ts";
import { heardLog, pairIn, writePair } from "../server/certificates.ts";

const readAgain = "the certificate was read again";
const dayMs = 86_400_000;

for (const [days, expected] of [
  [-1, "expired"],
  [0, "expired"],
  [0.1, "soon"],
  [13.9, "soon"],
  [14.1, undefined],
  [800, undefined],
] as const) {
  test(`a certificate with ${days} days left: ${expected ?? "nothing is said"}`, () => {
    const nowMs = Date.UTC(2030, 0, 1);
    assert.equal(expiryOf({ expiresAt: new Date(nowMs + days * dayMs) }, nowMs), expected);
  });
}

test("files that change one after the other, or by a link, are taken up once they belong together", async (t) => {
  const directory = scratchDirectory(t);
  const files = pairIn(directory);
  const heard = heardLog();
  const [first, second] = [pairIn(scratchDirectory(t)), pairIn(scratchDirectory(t))];
  const certs = [writePair(first), writePair(second)];
  copyFileSync(first.cert, files.cert);
  copyFileSync(first.key, files.key);
  const served = await serveCertificate({ files, log: heard.log, pollMs: 2 });
  t.after(() => served.close());
  assert.equal(served.current.cert, certs[0]);
  assert.ok(served.current.isSelfSigned);

  const kept = heard.until("the new certificate is not taken up; the old one stays");
  copyFileSync(second.cert, files.cert);
  await kept;
  assert.equal(served.current.cert, certs[0]);
  const taken = heard.until(readAgain);
  copyFileSync(second.key, files.key);
  await taken;
  assert.equal(served.current.cert, certs[1]);

  // As certbot and Kubernetes do: the name stays, and leads elsewhere.
  for (const name of ["cert", "key"] as const) {
    symlinkSync(first[name], join(directory, name));
    renameSync(join(directory, name), files[name]);
  }
  await heard.until(readAgain);
  assert.equal(served.current.cert, certs[0]);
});

test("that it ends soon is said at the start, and again a day later", async (t) => {
  const files = pairIn(scratchDirectory(t));
  writePair(files, { days: 5 });
  const heard = heardLog();
  let nowMs = Date.now();
  const served = await serveCertificate({ files, log: heard.log, pollMs: 1, now: () => nowMs });
  t.after(() => served.close());
  const message = "the certificate expires soon";
  const count = () => heard.lines.filter((line) => line.message === message).length;
  assert.equal(count(), 1);
  assert.equal(heard.lines[0]?.fields["expires_at"], (await readCertificate(files)).expiresAt.toISOString());
  const again = heard.until(message);
  nowMs += dayMs;
  await again;
  assert.equal(count(), 2);
  const expired = heard.until("the certificate has expired: clients refuse it");
  nowMs += 10 * dayMs;
  assert.equal((await expired).level, "error");
});
