import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { rootCertificates } from "node:tls";
import { certificateName, machineNames } from "../../dist/cli/tls/machine-names.js";
import { selfSigned } from "../../dist/cli/tls/self-signed.js";
import { scratchDirectory } from "../base/scratch.ts";
import { writePair } from "../server/certificates.ts";
import { servedPlace, serveIn } from "./served.ts";
import { run } from "./support.ts";

const chinese = { LANG: "zh_CN.UTF-8" };
const isPosix = process.platform !== "win32";

const at = (address: string, internal = false) => ({ address, internal, family: "IPv4" as const });

suite("voxpool tls self-signed", () => {
  test("writes a certificate for the names of this machine, and a key for its owner alone", async (t) => {
    const cwd = scratchDirectory(t);
    const { code, stdout } = await run(t, ["tls", "self-signed", "--name", "speech.lan", "--name", "[2001:db8::5]"], {
      cwd,
    });
    assert.equal(code, 0);
    const cert = new X509Certificate(readFileSync(join(cwd, "cert.pem")));
    assert.ok(cert.checkHost("localhost") && cert.checkHost("speech.lan"));
    assert.ok(cert.checkIP("127.0.0.1") && cert.checkIP("::1") && cert.checkIP("2001:db8::5"));
    assert.equal(cert.ca, false);
    assert.ok(cert.verify(cert.publicKey));
    assert.ok(stdout.includes(cert.fingerprint256));
    assert.match(
      stdout,
      /serve --tls-cert cert\.pem --tls-key key\.pem\n.*--cacert cert\.pem\n.*curl --cacert cert\.pem/s,
    );
    if (isPosix) assert.equal(statSync(join(cwd, "key.pem")).mode & 0o777, 0o600);
  });

  test("replaces nothing unless it is told to, and then both", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "cert.pem"), "mine");
    const refused = await run(t, ["tls", "self-signed"], { cwd });
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /cert\.pem cannot be written: it is there already; --force replaces it/);
    assert.equal(readFileSync(join(cwd, "cert.pem"), "utf8"), "mine");
    assert.throws(() => statSync(join(cwd, "key.pem")), { code: "ENOENT" });
    writeFileSync(join(cwd, "key.pem"), "old", { mode: 0o644 });
    const forced = await run(t, ["tls", "self-signed", "--force", "--days", "30", "--json"], { cwd });
    const said = JSON.parse(forced.stdout) as Record<string, unknown>;
    const cert = new X509Certificate(readFileSync(join(cwd, "cert.pem")));
    assert.deepEqual([said["success"], said["cert"], said["fingerprint"]], [true, "cert.pem", cert.fingerprint256]);
    assert.ok(Math.abs(cert.validToDate.getTime() - Date.now() - 30 * 86_400_000) < 3_600_000);
    if (isPosix) assert.equal(statSync(join(cwd, "key.pem")).mode & 0o777, 0o600);
  });

  test("says what is wrong with a name, a number of days or a place, in both languages", async (t) => {
    const cwd = scratchDirectory(t);
    writeFileSync(join(cwd, "file"), "");
    for (const [args, en, zh] of [
      [["--name", "a b"], /--name: "a b" is no name/, /--name："a b" 不是主机名/],
      [["--days", "0"], /--days: write a number from 1/, /--days：请填写/],
      [["--out", "file"], /file cannot be written/, /无法写入 file/],
    ] as const) {
      const said = await run(t, ["tls", "self-signed", ...args], { cwd });
      const gesagt = await run(t, ["tls", "self-signed", ...args], { cwd, env: chinese });
      assert.deepEqual([said.code, gesagt.code], [2, 2]);
      assert.match(said.stderr, en);
      assert.match(gesagt.stderr, zh);
    }
  });

  test("names are those of hosts and addresses", () => {
    for (const [text, name] of [
      ["Speech.LAN", "speech.lan"],
      ["München.example", "xn--mnchen-3ya.example"],
      ["*.example.org", "*.example.org"],
      ["10.0.0.5", "10.0.0.5"],
      ["[fd00::5]", "fd00::5"],
      ["my_host", "my_host"],
    ] as const) {
      assert.equal(certificateName(text), name);
    }
    for (const wrong of ["", "*", "a*b", "a b", "a..b", "-a", "a/b", "fe80::1%eth0", "x".repeat(64), "1.2.3", "a\0b"]) {
      assert.equal(certificateName(wrong), undefined, JSON.stringify(wrong));
    }
    assert.deepEqual(machineNames("Box", { lo: [at("127.0.0.1", true)], eth: [at("192.0.2.7"), at("fe80::1")] }), [
      "localhost",
      "127.0.0.1",
      "::1",
      "box",
      "box.local",
      "192.0.2.7",
    ]);
    assert.deepEqual(machineNames("no name", {}), ["localhost", "127.0.0.1", "::1"]);
  });

  test("no two certificates have the same subject: a client may trust many", () => {
    const subjects = Array.from({ length: 5 }, () => new X509Certificate(selfSigned(["a"], 1).cert).subject);
    assert.equal(new Set(subjects).size, 5);
  });
});

suite("the command line over HTTPS", () => {
  test("trusts the certificate that it is given, and says what to do without", async (t) => {
    const cwd = servedPlace(t, "tls: { cert: cert.pem, key: key.pem }\n");
    writePair({ cert: join(cwd, "cert.pem"), key: join(cwd, "key.pem") });
    writeFileSync(join(cwd, "roots.pem"), rootCertificates[0] ?? "");
    const { url } = await serveIn(t, cwd);
    assert.match(url, /^https:/);
    const api = `${url}/api`;
    const ask = (args: readonly string[], env: Record<string, string> = {}) =>
      run(t, [...args, "--url", api], { cwd, env });

    for (const [args, env] of [
      [["--cacert", "cert.pem"], {}],
      [[], { VOXPOOL_CACERT: "cert.pem" }],
      [[], { NODE_EXTRA_CA_CERTS: join(cwd, "cert.pem") }],
    ] as const) {
      assert.equal((await ask(["status", ...args], env)).code, 0);
    }
    // The owner of the state directory asks by its socket.
    assert.equal((await run(t, ["status"], { cwd })).code, 0);

    const refused = await ask(["status", "--cacert", "roots.pem"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot be trusted: nobody known vouches.*--cacert.*Nothing was sent/);
    const inChinese = await ask(["status"], chinese);
    assert.match(inChinese.stderr, /无法信任 https:.*没有受信任的机构担保.*--cacert.*未发送任何内容/);
    assert.doesNotMatch(inChinese.stderr, /vouches/);
    const json = await ask(["status", "--json"]);
    assert.equal((JSON.parse(json.stdout) as { reason: string }).reason, "certificate_untrusted");

    const plain = await run(t, ["status", "--url", api.replace("https", "http")], { cwd, env: chinese });
    assert.match(plain.stderr, /此端口使用 HTTPS：请把 http:\/\/ 改为 https:\/\//);
    for (const [file, says] of [
      ["none.pem", /--cacert: none\.pem: there is no such file/],
      ["voxpool.yaml", /--cacert: voxpool\.yaml: it holds no certificate in PEM/],
    ] as const) {
      const wrong = await ask(["status", "--cacert", file]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, says);
    }

    const audio = new Uint8Array(64_000);
    const heard = await run(t, ["listen", "--raw", "--url", api, "--cacert", "cert.pem"], { cwd, input: audio });
    assert.equal(heard.code, 0, heard.stderr);
    const blind = await run(t, ["listen", "--raw", "--url", api], { cwd, input: audio });
    assert.match(blind.stderr, /cannot be trusted/);
    const doctor = await run(t, ["doctor", "--json"], { cwd, env: { VOXPOOL_URL: api, VOXPOOL_CACERT: "cert.pem" } });
    assert.match(doctor.stdout, /is healthy: voxpool/);
    assert.doesNotMatch(doctor.stdout, /taken by another program/);
  });

  test("https to a port without TLS is said", async (t) => {
    const cwd = servedPlace(t);
    const { url } = await serveIn(t, cwd);
    const api = `${url.replace("http", "https")}/api`;
    const said = await run(t, ["status", "--url", api], { cwd });
    assert.match(said.stderr, /does not speak HTTPS; write http:\/\//);
    const inChinese = await run(t, ["status", "--url", api], { cwd, env: chinese });
    assert.match(inChinese.stderr, /不使用 HTTPS；请改写为 http:\/\//);
  });
});
