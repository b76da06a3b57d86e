import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createHttp } from "../../dist/catalog/http.js";
import { addressIn, lookupWithin, nearnessOf } from "../../dist/catalog/nearness.js";

suite("how near an address is", () => {
  const cases: readonly (readonly [address: string, nearness: number])[] = [
    ["93.184.216.34", 0],
    ["172.32.0.1", 0],
    ["100.128.0.1", 0],
    ["198.18.0.1", 0],
    ["2606:2800:220:1::1", 0],
    ["10.1.2.3", 1],
    ["172.16.0.1", 1],
    ["172.31.255.255", 1],
    ["192.168.0.1", 1],
    ["100.64.0.1", 1],
    ["fd00:ec2::254", 1],
    ["::ffff:10.0.0.1", 1],
    ["127.0.0.1", 2],
    ["127.255.255.254", 2],
    ["0.0.0.0", 2],
    ["::1", 2],
    ["::", 2],
    ["::ffff:127.0.0.1", 2],
    ["::ffff:7f00:1", 2],
    ["169.254.169.254", 3],
    ["fe80::1", 3],
    ["fe80::1%eth0", 3],
    ["64:ff9b::7f00:1", 2],
    ["64:ff9b::a00:1", 1],
    ["64:ff9b::5db8:d822", 0],
  ];
  for (const [address, nearness] of cases) test(address, () => assert.equal(nearnessOf(address), nearness));

  test("is seen however a URL writes it", () => {
    for (const url of ["http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/"]) {
      assert.equal(addressIn(new URL(url)), "127.0.0.1", url);
    }
    assert.equal(isIP(addressIn(new URL("http://[::ffff:127.0.0.1]/")) ?? ""), 6);
    assert.equal(addressIn(new URL("http://localhost/")), undefined);
  });
});

const refuse = (_name: string, address: string) => new VoxpoolError("download_failed", { detail: address });

test("of the addresses of a name those that are too near are left out", async () => {
  const both = [
    { address: "fc00::1", family: 6 },
    { address: "198.18.0.7", family: 4 },
  ];
  const found = new Map<string, number>();
  const finding = (addresses: typeof both, limit: 0 | 1, all = true) => {
    const within = lookupWithin(
      limit,
      refuse,
      (name, nearness) => found.set(name, nearness),
      (_name, _options, tell) => tell(null, addresses),
    );
    return new Promise((resolve) =>
      within("a.example", { all }, (error, address, family) =>
        resolve(error === null ? [address, family] : VoxpoolError.from(error).details["detail"]),
      ),
    );
  };
  assert.deepEqual(await finding(both, 0), [[both[1]], undefined]);
  assert.equal(found.get("a.example"), 0);
  assert.deepEqual(await finding(both, 0, false), ["198.18.0.7", 4]);
  assert.deepEqual(await finding(both, 1), [both, undefined]);
  assert.equal(found.get("a.example"), 1);
  assert.equal(await finding(both.slice(0, 1), 0), "fc00::1");
});

/** A server that answers every request for a path with this location, or with `inside`; the paths it was asked for. */
async function startServer(t: TestContext, locations: Readonly<Record<string, string>> = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    // A proxy is asked for whole addresses.
    const path = URL.parse(request.url ?? "", "http://own/")?.pathname ?? "";
    asked.push(path);
    const location = locations[path];
    if (location === undefined) response.end("inside");
    else response.writeHead(302, { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

/** What a fetch gives: the text, or why there is none. */
async function fetched(t: TestContext, url: string, options: { named?: readonly string[]; from?: string } = {}) {
  const http = createHttp({ name: "test", retries: 0, ...(options.named && { named: options.named }) });
  t.after(() => http.close());
  try {
    const { body } = await http.get(url, {}, options.from);
    return await body.text();
  } catch (error) {
    return String(VoxpoolError.from(error).details["detail"]);
  }
}

function environment(t: TestContext, values: Readonly<Record<string, string>>): void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

/** A proxy stands for the open network: what is asked through it has no address that is seen here. */
async function openNetwork(t: TestContext, locations: Readonly<Record<string, string>>) {
  const proxy = await startServer(t, locations);
  environment(t, { http_proxy: `http://127.0.0.1:${proxy.port}`, no_proxy: "localhost,127.0.0.1,169.254.169.254,::1" });
  return proxy;
}

const refused = (address: string) => `it leads to ${address}, an address inside your network or machine`;

suite("what comes from the open network", () => {
  test("does not lead inside, by an address, a name or another redirect", async (t) => {
    const { port, asked } = await startServer(t);
    await openNetwork(t, {
      "/address": `http://127.0.0.1:${port}/secret`,
      "/number": `http://2130706433:${port}/secret`,
      "/name": `http://localhost:${port}/secret`,
      "/twice": "http://other.example/address",
      "/cloud": "http://169.254.169.254/latest/meta-data",
      "/private": "http://10.0.0.1/secret",
      "/onwards": "http://other.example/file",
    });
    const from = (path: string) => fetched(t, `http://models.example${path}`);
    assert.equal(await from("/address"), refused("127.0.0.1"));
    assert.equal(await from("/number"), refused("127.0.0.1"));
    assert.match(await from("/name"), /^it leads to (127\.0\.0\.1|::1), an address inside/);
    assert.equal(await from("/twice"), refused("127.0.0.1"));
    assert.equal(await from("/cloud"), refused("169.254.169.254"));
    assert.equal(await from("/private"), refused("10.0.0.1"));
    assert.deepEqual(asked, [], "nothing inside was asked");
    assert.equal(await from("/onwards"), "inside", "but it leads to other places");
  });

  test("does not name addresses inside in its answers either", async (t) => {
    const { port, asked } = await startServer(t);
    await openNetwork(t, {});
    const url = `http://127.0.0.1:${port}/file.tgz`;
    assert.equal(await fetched(t, url, { from: "http://registry.example/package" }), refused("127.0.0.1"));
    assert.deepEqual(asked, []);
    assert.equal(await fetched(t, url, { from: `http://127.0.0.1:${port}/package` }), "inside");
  });

  test("has no names that mean an address inside, unless they were named by the operator", async (t) => {
    const { port, asked } = await startServer(t);
    environment(t, { no_proxy: "*" });
    const url = `http://localhost:${port}/file`;
    assert.match(await fetched(t, url), /^it leads to (127\.0\.0\.1|::1), an address inside/);
    assert.deepEqual(asked, []);
    assert.equal(await fetched(t, url, { named: [`http://localhost:${port}/`] }), "inside");
  });
});

test("a source inside may lead to others that are as near, and not to what is nearer", async (t) => {
  environment(t, { no_proxy: "*" });
  const storage = await startServer(t);
  const mirror = await startServer(t, {
    "/storage": `http://127.0.0.1:${storage.port}/file`,
    "/named": `http://localhost:${storage.port}/file`,
    "/cloud": "http://169.254.169.254/latest/meta-data",
  });
  const from = (path: string) => fetched(t, `http://127.0.0.1:${mirror.port}${path}`);
  assert.equal(await from("/storage"), "inside");
  assert.equal(await from("/named"), "inside");
  assert.equal(await from("/cloud"), refused("169.254.169.254"));
  const named = [`http://localhost:${mirror.port}/`];
  assert.equal(await fetched(t, `http://localhost:${mirror.port}/storage`, { named }), "inside");
  assert.equal(await fetched(t, `http://localhost:${mirror.port}/cloud`, { named }), refused("169.254.169.254"));
});
