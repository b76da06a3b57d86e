import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { Bonjour, type Service } from "bonjour-service";
import { announceWyoming } from "../../dist/gateway/wyoming/announce.js";

/** Whether what is sent to the group of mDNS comes back on this machine. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    socket.bind(0);
    await once(socket, "listening");
    socket.addMembership("224.0.0.251");
    const heard = once(socket, "message", { signal: AbortSignal.timeout(2000) });
    socket.send("voxpool", socket.address().port, "224.0.0.251", () => undefined);
    await heard;
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

const skip = !(await hasMulticast()) && "this machine's network has no multicast";

test("the Wyoming port is found on the network, and is gone when the server ends", { skip }, async (t) => {
  const said: unknown[] = [];
  const line = (...args: unknown[]) => void said.push(args);
  const bonjour = new Bonjour();
  t.after(() => new Promise<void>((resolve) => bonjour.destroy(() => resolve())));
  const up = Promise.withResolvers<Service>();
  const down = Promise.withResolvers<Service>();
  const port = 20_000 + (process.pid % 20_000);
  const browser = bonjour.find({ type: "wyoming" }, (service) => {
    if (service.port === port) up.resolve(service);
  });
  browser.on("down", (service: Service) => {
    if (service.port === port) down.resolve(service);
  });
  const announced = announceWyoming(port, { debug: line, info: line, warn: line, error: line });
  const service = await up.promise;
  assert.deepEqual([service.type, service.protocol, service.name.startsWith("voxpool ")], ["wyoming", "tcp", true]);
  await announced.close();
  await down.promise;
  assert.deepEqual(said, []);
});
