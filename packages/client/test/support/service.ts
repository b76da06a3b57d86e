import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A real HTTP service that can go away and come back at the same address. */
export interface Service {
  readonly url: string;
  /** `METHOD /path` of every request so far. */
  readonly asked: readonly string[];
  /** Closes the port, and cuts what is connected. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startService(t: TestContext, handler: RequestListener): Promise<Service> {
  const asked: string[] = [];
  let server: Server;
  const listen = (port: number): Promise<number> => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      handler(request, response);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  };
  const port = await listen(0);
  const goAway = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.after(goAway);
  return { url: `http://127.0.0.1:${port}/api`, asked, goAway, comeBack: async () => void (await listen(port)) };
}
