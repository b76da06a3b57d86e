import assert from "node:assert/strict";
import { test } from "node:test";
import { addressList, plainAddress } from "../../dist/base/addresses.js";
import { basePathOf, withoutBasePath } from "../../dist/gateway/base-path.js";
import { forwarded } from "../../dist/gateway/forwarded.js";

const trusted = addressList(["10.0.0.0/8", "fd00::/16", "127.0.0.1"], "proxy.trusted");
const proxy = "10.0.0.1";

for (const [name, remote, chain, address] of [
  ["a stranger's word counts for nothing", "192.0.2.9", "203.0.113.1", undefined],
  ["a Unix socket has no proxy", undefined, "203.0.113.1", undefined],
  ["a proxy that says nothing speaks for itself", proxy, undefined, proxy],
  ["one client", proxy, "203.0.113.1", "203.0.113.1"],
  ["on a socket for both families", "::ffff:10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"],
  ["what the client wrote stands to the left", proxy, "6.6.6.6, 127.0.0.1, 203.0.113.1", "203.0.113.1"],
  ["several proxies", proxy, "6.6.6.6, 203.0.113.1, 10.9.9.9, 10.0.0.2", "203.0.113.1"],
  ["nobody but proxies", proxy, "10.9.9.9, 10.0.0.2", "10.9.9.9"],
  ["garbage ends the chain", proxy, "203.0.113.1, unknown, 10.0.0.2", "10.0.0.2"],
  ["nothing but garbage", proxy, "evil\u001B[31m", proxy],
  ["empty places", proxy, ",,", proxy],
  ["ports", proxy, "203.0.113.1:4711", "203.0.113.1"],
  ["IPv6", "fd00::1", "2001:db8::7", "2001:db8::7"],
  ["IPv6 with a port", proxy, "[2001:db8::7]:4711", "2001:db8::7"],
  ["a zone is no address of a client", proxy, "fe80::1%eth0", proxy],
] as const) {
  test(`X-Forwarded-For: ${name}`, () => {
    const headers = chain === undefined ? {} : { "x-forwarded-for": chain };
    assert.equal(forwarded(remote, headers, trusted)?.address, address);
  });
}

for (const [headers, proto, host] of [
  [{}, undefined, undefined],
  [{ "x-forwarded-proto": "https", "x-forwarded-host": "speech.example.org" }, "https", "speech.example.org"],
  [{ "x-forwarded-proto": "http, HTTPS", "x-forwarded-host": "evil, a.example:8443" }, "https", "a.example:8443"],
  [{ "x-forwarded-proto": "gopher", "x-forwarded-host": "a/b" }, undefined, undefined],
  [{ "x-forwarded-host": "[2001:db8::1]:443" }, undefined, "[2001:db8::1]:443"],
  [{ "x-forwarded-host": "a\r\nb: c" }, undefined, undefined],
] as const) {
  test(`how the client came: ${JSON.stringify(headers)}`, () => {
    const said = forwarded(proxy, headers, trusted);
    assert.deepEqual([said?.proto, said?.host], [proto, host]);
    assert.equal(forwarded("192.0.2.9", headers, trusted), undefined);
  });
}

test("a long chain takes time in proportion to its length", () => {
  const chain = Array.from({ length: 20_000 }, () => "10.0.0.2").join(",");
  assert.equal(forwarded(proxy, { "x-forwarded-for": chain }, trusted)?.address, "10.0.0.2");
});

test("a list of addresses has what it names, and nothing that is no address", () => {
  const list = addressList(["192.168.1.0/24", " ::1 ", "2001:db8::/32"], "x");
  for (const ip of ["192.168.1.200", "::1", "2001:db8:1::1"]) assert.ok(list.has(ip), ip);
  for (const ip of ["192.168.2.1", "::2", "", "localhost", "192.168.1.0/24"]) assert.ok(!list.has(ip), ip);
  assert.ok(addressList([], "x").isEmpty);
  for (const wrong of ["a", "1.2.3.4/33", "::1/129", "1.2.3.4/", "1.2.3.4/8/8", "1.2.3"]) {
    assert.throws(() => addressList([wrong], "proxy.trusted"), { reason: "config_invalid" }, wrong);
  }
  assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("::ffff:1"), "::ffff:1");
  assert.equal(plainAddress(undefined), "127.0.0.1");
});

for (const [url, rest] of [
  ["/speech", "/"],
  ["/speech/", "/"],
  ["/speech?a=/speech/b", "/?a=/speech/b"],
  ["/speech/api/health?x=1", "/api/health?x=1"],
  ["/speech/speech/api", "/speech/api"],
  ["/speech//api", "//api"],
  ["/speeches/api", "/speeches/api"],
  ["/SPEECH/api", "/SPEECH/api"],
  ["/%73peech/api", "/%73peech/api"],
  ["/api/health", "/api/health"],
  ["*", "*"],
] as const) {
  test(`${url} below /speech is ${rest}`, () => assert.equal(withoutBasePath(url, "/speech"), rest));
}

test("a base path is a path, and none of the server's own", () => {
  assert.equal(basePathOf(""), "");
  assert.equal(basePathOf("/"), "");
  assert.equal(basePathOf("/a.b/c-d_e~1/"), "/a.b/c-d_e~1");
  for (const wrong of ["speech", "//a", "/a//b", "/a b", "/a?b", "/../a", "/a/..", "/%61", "/api", "/v1/x", "/docs"]) {
    assert.throws(() => basePathOf(wrong), { reason: "config_invalid" }, wrong);
  }
});
