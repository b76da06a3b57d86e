// Serves the pages and the SDK, and hands /api on to voxpool, so that to the browser all of it is one origin:
//   npx node examples/browser/serve.ts        then open http://localhost:8080 or http://localhost:8080/voice-input.html
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Duplex, pipeline } from "node:stream";

const { VOXPOOL_URL: voxpool = "http://127.0.0.1:5000/api", PORT: port = "8080" } = process.env;
const sdk = new URL(".", import.meta.resolve("@voxpool/client"));

const pages: Record<string, string> = { "/": "index.html", "/voice-input.html": "voice-input.html" };

const server = createServer((incoming, response) => {
  const { pathname, search } = new URL(incoming.url ?? "/", "http://localhost");
  const script = /^\/sdk\/([\w-]+\.js)$/.exec(pathname)?.[1];
  if (pathname.startsWith("/api/")) handOn(incoming, response, `${voxpool}${pathname.slice("/api".length)}${search}`);
  else if (pages[pathname]) send(response, new URL(pages[pathname], import.meta.url), "text/html; charset=utf-8");
  else if (script) send(response, new URL(script, sdk), "text/javascript");
  else response.writeHead(404).end();
});
server.on("upgrade", (incoming, socket: Duplex, head) => {
  const { method, headers, url = "/" } = incoming;
  const outgoing = request(voxpool + url.replace(/^\/api/, ""), { method, headers });
  outgoing.on("upgrade", (answer, far, more) => {
    const fields = answer.rawHeaders.map((field, n) => (n % 2 === 0 ? `${field}: ` : `${field}\r\n`));
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join("")}\r\n`);
    far.unshift(more);
    socket.unshift(head);
    pipeline(socket, far, socket, () => undefined);
  });
  outgoing.on("response", () => socket.destroy());
  outgoing.on("error", () => socket.destroy());
  socket.on("error", () => outgoing.destroy());
  outgoing.end();
});
server.on("error", (error: NodeJS.ErrnoException) => {
  const isTaken = error.code === "EADDRINUSE";
  console.error(isTaken ? `Port ${port} is taken; choose another one: PORT=${Number(port) + 1}` : error.message);
  process.exitCode = 1;
});
server.listen(Number(port), "127.0.0.1", () =>
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`),
);

function handOn(incoming: IncomingMessage, response: ServerResponse, url: string): void {
  const { method, headers } = incoming;
  const outgoing = request(url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  outgoing.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  // Whoever leaves the page cancels the recognition.
  response.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function send(response: ServerResponse, file: URL, type: string): void {
  response.setHeader("content-type", type);
  pipeline(createReadStream(file), response, (error) => error && response.destroy());
}
