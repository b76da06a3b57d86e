import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";

export interface ReverseProxyOptions {
  /** Where requests go, `http://127.0.0.1:5000`. */
  readonly target: string;
  /** What is written of clients: that they come from here. */
  readonly clientAddress: string;
  /** Taken off the paths that begin with it. */
  readonly strip?: string;
}

/** A reverse proxy as nginx and Caddy are: it streams, carries WebSockets, and says who asked. @returns its URL */
export async function startReverseProxy(t: TestContext, options: ReverseProxyOptions): Promise<string> {
  const forward = (incoming: IncomingMessage) => {
    const { strip = "", target } = options;
    const path = incoming.url ?? "/";
    const url = `${target}${strip !== "" && path.startsWith(`${strip}/`) ? path.slice(strip.length) : path}`;
    return request(url, { method: incoming.method, headers: { ...incoming.headers, ...said(incoming, options) } });
  };
  const server = createServer((incoming, response) => {
    const onward = forward(incoming);
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  server.on("upgrade", (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    const onward = forward(incoming);
    onward.on("upgrade", (answer, socket) => {
      client.write(headOf(answer));
      socket.pipe(client).pipe(socket);
      client.on("error", () => socket.destroy());
      socket.on("error", () => client.destroy());
    });
    onward.on("response", (answer) => {
      client.write(headOf(answer));
      answer.pipe(client);
    });
    onward.on("error", () => client.destroy());
    onward.end(head);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As nginx's `$proxy_add_x_forwarded_for` does: what the client wrote stays in front. */
function said({ headers }: IncomingMessage, { clientAddress }: ReverseProxyOptions): Record<string, string> {
  const before = headers["x-forwarded-for"];
  return {
    "x-forwarded-for": before === undefined ? clientAddress : `${String(before)}, ${clientAddress}`,
    "x-forwarded-proto": "https",
    "x-forwarded-host": "speech.example.org",
  };
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = Array.from(
    { length: rawHeaders.length / 2 },
    (_, at) => `${rawHeaders[2 * at]}: ${rawHeaders[2 * at + 1]}`,
  );
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, "", ""].join("\r\n");
}
