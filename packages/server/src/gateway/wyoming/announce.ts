import type { EventEmitter } from "node:events";
import { hostname } from "node:os";
import { Bonjour } from "bonjour-service";
import type { Log } from "../../base/log.ts";

/** A goodbye that the network does not take is not waited for longer. */
const goodbyeMs = 1000;

export interface Announcement {
  /** Says goodbye, so that nobody keeps the address. */
  close(): Promise<void>;
}

/** Tells the local network of the server, by mDNS (`_wyoming._tcp.local.`), so that Home Assistant finds it. */
export function announceWyoming(port: number, log: Log): Announcement {
  const onError = (error: unknown): void => log.warn({ err: error }, "announcing Wyoming failed");
  const bonjour = new Bonjour({}, onError);
  // Its socket's errors have no other way out, and would end the process: the port may be taken or forbidden.
  const { mdns } = (bonjour as unknown as { server: { mdns: EventEmitter } }).server;
  mdns.on("error", onError);
  const service = bonjour.publish({ name: `voxpool ${hostname()}`, type: "wyoming", port });
  service.on("error", onError);
  return {
    async close() {
      const gone = Promise.withResolvers<void>();
      const timer = setTimeout(gone.resolve, goodbyeMs);
      bonjour.unpublishAll(() => gone.resolve());
      await gone.promise;
      clearTimeout(timer);
      await new Promise<void>((resolve) => bonjour.destroy(() => resolve()));
    },
  };
}
