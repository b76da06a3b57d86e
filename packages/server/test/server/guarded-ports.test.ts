import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { VoxpoolError } from "../../dist/base/errors.js";
import { silentLog } from "../../dist/base/log.js";
import type { Config } from "../../dist/base/settings.js";
import { Attempts } from "../../dist/gateway/auth/attempts.js";
import { createPortGuard } from "../../dist/gateway/auth/port-guard.js";
import { openClient } from "../wyoming/support.ts";
import { type Guarded, startGuarded } from "./guarded.ts";

interface Ports extends Guarded {
  readonly voskPort: number;
  readonly wyomingPort: number;
}

async function startPorts(t: TestContext, config: Partial<Config> = {}): Promise<Ports> {
  const [voskPort, wyomingPort] = [await freePort(), await freePort()];
  const guarded = await startGuarded(t, { "vosk.port": voskPort, "wyoming.port": wyomingPort, ...config });
  return { ...guarded, voskPort, wyomingPort };
}

/** The HTTP status of a handshake; 101 if it is taken, and then the first answer to a second of silence. */
async function dialVosk(t: TestContext, url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url, { headers });
  t.after(() => socket.terminate());
  const refused = new Promise<number>((resolve) => {
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  socket.on("error", () => undefined);
  const taken = once(socket, "message").then(() => 101);
  socket.once("open", () => socket.send(Buffer.alloc(16_000)));
  return Promise.race([refused, taken]);
}

suite("the port for clients of vosk-server", () => {
  test("asks for a key in the URL, or as a header", async (t) => {
    const { make, voskPort } = await startPorts(t);
    const key = await make({ name: "phone", scopes: ["recognize"] });
    const reader = await make({ name: "reader", scopes: ["read"] });
    const host = `127.0.0.1:${voskPort}`;
    assert.equal(await dialVosk(t, `ws://${host}`), 401);
    assert.equal(await dialVosk(t, `ws://${host}/?key=vxp_wrong`), 401);
    assert.equal(await dialVosk(t, `ws://${host}/?key=${reader}`), 403);
    assert.equal(await dialVosk(t, `ws://${host}/any/path?key=${key}`), 101);
    assert.equal(await dialVosk(t, `ws://any:${key}@${host}`), 101);
    assert.equal(await dialVosk(t, `ws://${host}`, { authorization: `Bearer ${key}` }), 101);
  });

  test("asks none of the addresses that are named, and takes only those that are allowed", async (t) => {
    const keyless = await startPorts(t, { "auth.keyless": ["127.0.0.0/8"] });
    assert.equal(await dialVosk(t, `ws://127.0.0.1:${keyless.voskPort}`), 101);
    assert.equal(await dialVosk(t, `ws://127.0.0.1:${keyless.voskPort}/?key=vxp_wrong`), 401);
    const elsewhere = await startPorts(t, { "auth.required": false, "vosk.allow": ["192.0.2.0/24"] });
    assert.equal(await dialVosk(t, `ws://127.0.0.1:${elsewhere.voskPort}`), 403);
  });
});

test("the Wyoming port, which has no place for keys, takes the addresses that are named alone", async (t) => {
  const asked = async (port: number) => {
    const client = await openClient(t, port);
    client.send("describe");
    return client.next();
  };
  const guarded = await startPorts(t);
  const refused = await asked(guarded.wyomingPort);
  assert.deepEqual([refused?.type, refused?.data["code"]], ["error", "key_missing"]);
  const keyless = await startPorts(t, { "auth.keyless": ["127.0.0.1"] });
  assert.equal((await asked(keyless.wyomingPort))?.type, "info");
  const elsewhere = await startPorts(t, { "auth.required": false, "wyoming.allow": ["192.0.2.1"] });
  assert.equal((await asked(elsewhere.wyomingPort))?.data["code"], "address_not_allowed");
});

test("a list of addresses takes addresses and networks of both families, and nothing else", async () => {
  const access = {
    isRequired: false,
    attempts: new Attempts({ perMinute: 0 }),
    authenticate: () => assert.fail("no key is asked"),
  };
  const guard = (allow: readonly string[]) =>
    createPortGuard({ access, allow, setting: "vosk.allow", keyless: [], log: silentLog });
  const admits = (allow: readonly string[], address: string | undefined) =>
    guard(allow)
      .admit(address, undefined)
      .then(
        () => true,
        (error: unknown) => (error instanceof VoxpoolError && error.reason === "address_not_allowed" ? false : error),
      );
  assert.equal(await admits([], "203.0.113.9"), true);
  assert.equal(await admits(["10.0.0.0/8"], "10.200.1.1"), true);
  assert.equal(await admits(["10.0.0.0/8"], "::ffff:10.200.1.1"), true);
  assert.equal(await admits(["10.0.0.0/8"], "11.0.0.1"), false);
  assert.equal(await admits(["fd00::/8", "192.0.2.1"], "fd12::1"), true);
  assert.equal(await admits(["fd00::/8", "192.0.2.1"], "fe80::1"), false);
  assert.equal(await admits(["127.0.0.1"], undefined), true);
  for (const wrong of ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/-1", "::1/129", "*"]) {
    assert.throws(
      () => guard([wrong]),
      (error) => error instanceof VoxpoolError && error.reason === "config_invalid",
      wrong,
    );
  }
});
