import type { WebSocketMaker } from "@voxpool/client";
import type { Dispatcher, WebSocketInit } from "undici";

/** `fetch` through a dispatcher, which is made when the first request is. */
export function fetchThrough(make: () => Promise<Dispatcher>): typeof fetch {
  let made: Promise<typeof fetch> | undefined;
  return async (url, init) => {
    made ??= dispatched(make);
    return (await made)(url, init);
  };
}

/** WebSockets through a dispatcher. */
export async function webSocketThrough(make: () => Promise<Dispatcher>): Promise<WebSocketMaker> {
  const [{ WebSocket }, dispatcher] = await Promise.all([import("undici"), make()]);
  return class extends WebSocket {
    constructor(url: string, init?: WebSocketInit) {
      super(url, { ...init, dispatcher });
    }
  };
}

/** Loaded then: most commands need it once, and help never. */
async function dispatched(make: () => Promise<Dispatcher>): Promise<typeof fetch> {
  const [{ fetch: through }, dispatcher] = await Promise.all([import("undici"), make()]);
  return ((url: string, init: object) => through(url, { ...init, dispatcher })) as unknown as typeof fetch;
}
