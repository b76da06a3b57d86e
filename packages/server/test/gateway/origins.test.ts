import assert from "node:assert/strict";
import { test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { type Asking, createOrigins, type OriginSettings } from "../../dist/gateway/origin/origins.js";
import { securityHeaders } from "../../dist/gateway/origin/security-headers.js";

const settings: OriginSettings = { origins: [], hosts: [], ownNames: ["desk.example.org"] };
const nobody = { origin: undefined, site: undefined, mode: undefined, destination: undefined };

/** What is said of a request, in one word. */
function judge(asking: Partial<Asking>, more: Partial<OriginSettings> = {}): string {
  const whole: Asking = { ...nobody, method: "POST", host: undefined, isHttps: false, ...asking };
  const verdict = createOrigins({ ...settings, ...more }).judge(whole);
  return verdict.type === "let-in" ? `${verdict.allow} ${verdict.withCredentials}` : verdict.type;
}

test("plain clients come in by any name", () => {
  for (const host of [
    "127.0.0.1:5000",
    "nas",
    "asr.example.com",
    "voxpool.app:5000",
    "b\u00fccher",
    "a b",
    "",
    undefined,
  ]) {
    assert.equal(judge({ host }), "own", host);
  }
});

test("the server's own pages come in by addresses, names of private networks, its own name and those it is given", () => {
  const own: readonly (readonly [origin: string, host: string, isHttps?: boolean])[] = [
    ["http://127.0.0.1:5000", "127.0.0.1:5000"],
    ["http://[::1]:5000", "[::1]:5000"],
    ["http://[fd00::1]", "[FD00:0::1]:80"],
    ["http://localhost:5000", "LOCALHOST:5000"],
    ["http://localhost", "localhost:80"],
    ["https://localhost", "localhost:443"],
    ["https://localhost", "localhost"],
    ["https://localhost", "localhost", true],
    ["http://voxpool:5000", "voxpool:5000"],
    ["http://nas.local:5000", "nas.local:5000"],
    ["http://nas.lan.", "nas.lan."],
    ["http://asr.home.arpa", "asr.home.arpa"],
    ["http://asr.svc.cluster.local:5000", "asr.svc.cluster.local:5000"],
    ["http://desk.example.org:5000", "desk.example.org:5000"],
    ["https://asr.example.com", "asr.example.com"],
    ["https://speech.example.com:8443", "speech.example.com:8443", true],
  ];
  for (const [origin, host, isHttps = false] of own) {
    assert.equal(judge({ origin, host, isHttps }, { hosts: ["ASR.example.com"] }), "own", `${origin} ${host}`);
  }
});

test("other pages do not come in, whatever they call themselves", () => {
  const foreign: readonly (readonly [origin: string, host: string, isHttps?: boolean])[] = [
    ["https://evil.example", "127.0.0.1:5000"],
    ["http://127.0.0.1:8080", "127.0.0.1:5000"],
    ["http://localhost:5000", "127.0.0.1:5000"],
    ["http://localhost", "localhost:443"],
    ["http://localhost", "localhost", true],
    ["null", "localhost"],
    ["null", "null"],
    ["", "localhost"],
    ["http://", "localhost"],
    ["http://localhost/", "localhost"],
    ["http://localhost?", "localhost"],
    ["http://localhost, http://localhost", "localhost"],
    ["http://user@localhost", "localhost"],
    ["http://localhost.evil.example", "localhost"],
    ["http://localhost:5000", "evil@localhost:5000"],
    ["http://localhost", "localhost/"],
    ["file://", "localhost"],
    ["app://-", "-"],
    ["chrome-extension://abc", "abc"],
    ["__proto__", "__proto__"],
    ["x".repeat(100_000), "localhost"],
  ];
  for (const [origin, host, isHttps = false] of foreign) {
    assert.equal(judge({ origin, host, isHttps }), "foreign", `${origin.slice(0, 50)} ${host}`);
  }
  assert.equal(judge({ origin: "http://localhost", host: undefined }), "foreign");
});

test("a page whose name a stranger may have pointed here does not come in", () => {
  for (const name of [
    "evil.example",
    "localhost.evil.example",
    "voxpool.app",
    "nas.local.evil.example",
    "example.org",
  ]) {
    assert.equal(judge({ origin: `http://${name}:5000`, host: `${name}:5000` }), "unknown-host", name);
    // Somebody's proxy may have taken HTTPS off, or nobody's.
    assert.equal(judge({ origin: `https://${name}:5000`, host: `${name}:5000` }), "unknown-host", name);
  }
});

test("pages that are let in come in, with what they have to be told", () => {
  const origins = ["https://app.example", "http://localhost:8080", "app://-", "file://", "HTTPS://Upper.example:443"];
  for (const origin of [
    "https://app.example",
    "http://localhost:8080",
    "app://-",
    "file://",
    "https://upper.example",
  ]) {
    assert.equal(judge({ origin, host: "127.0.0.1:5000" }, { origins }), `${origin} true`);
  }
  for (const origin of [
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil",
    "null",
    "app://x",
  ]) {
    assert.equal(judge({ origin, host: "127.0.0.1:5000" }, { origins }), "foreign", origin);
  }
  for (const origin of ["null", "garbage", "https://evil.example"]) {
    assert.equal(judge({ origin, host: "127.0.0.1:5000" }, { origins: ["*"] }), "* false");
  }
  const both = { origins: ["*", "https://app.example"] };
  assert.equal(judge({ origin: "https://app.example", host: "127.0.0.1" }, both), "https://app.example true");
});

test("what a page of another site embeds is refused where the browser says so; links may be followed", () => {
  const embedded = { host: "localhost:5000", method: "GET", mode: "no-cors", destination: "image" };
  assert.equal(judge({ ...embedded, site: "cross-site" }), "foreign");
  assert.equal(judge({ ...embedded, site: "same-site" }), "foreign");
  assert.equal(judge({ ...embedded, site: "cross-site" }, { origins: ["*"] }), "own");
  for (const site of ["same-origin", "none", undefined]) assert.equal(judge({ ...embedded, site }), "own");
  const link = { host: "localhost:5000", method: "GET", site: "cross-site", mode: "navigate", destination: "document" };
  assert.equal(judge(link), "own");
  assert.equal(judge({ ...link, destination: "iframe" }), "foreign");
  assert.equal(judge({ ...link, method: "POST" }), "foreign");
});

test("what is no origin and no name is refused at the start", () => {
  const wrong: readonly Partial<OriginSettings>[] = [
    ...["", "null", "app.example", "https://app.example/", "https://app.example/page", "https://*.example", "//x"].map(
      (origin) => ({ origins: [origin] }),
    ),
    ...["", "*", "https://asr.example.com", "asr.example.com:5000", "a/b", "a b", "*.example.com"].map((host) => ({
      hosts: [host],
    })),
  ];
  for (const one of wrong) {
    assert.throws(
      () => createOrigins({ ...settings, ...one }),
      (error) => error instanceof VoxpoolError && error.reason === "config_invalid",
      JSON.stringify(one),
    );
  }
  createOrigins({ ...settings, hosts: ["::1", "fd00::1", "192.0.2.1", "a.example", "xn--bcher-kva.example"] });
});

const hsts = (isTls: boolean, host: string | undefined): boolean =>
  securityHeaders({ isTls, host })["strict-transport-security"] !== undefined;

test("that HTTPS is a must is said of public names alone, and over TLS alone", () => {
  assert.equal(hsts(true, "asr.example.com:5000"), true);
  assert.equal(hsts(false, "asr.example.com"), false);
  for (const host of ["localhost:5000", "nas", "nas.local", "192.0.2.1", "[::1]:5000", "a b", undefined]) {
    assert.equal(hsts(true, host), false, host);
  }
});
