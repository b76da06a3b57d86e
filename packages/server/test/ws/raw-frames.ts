import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A WebSocket connection whose bytes the test writes itself. */
export interface RawWebSocket {
  readonly socket: Socket;
  /** The code of the server's close; undefined if the connection ended without one. */
  readonly closeCode: Promise<number | undefined>;
}

const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

export async function rawWebSocket(t: TestContext, port: number, path = "/api/stream"): Promise<RawWebSocket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.write(handshake(path));
  while (!bytes.includes("\r\n\r\n")) await once(socket, "data");
  bytes = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  // Nobody answers the close: the server would wait for that a while.
  socket.on("data", () => closeCodeIn(bytes) !== undefined && socket.destroy());
  const closeCode = once(socket, "close").then(() => closeCodeIn(bytes));
  return { socket, closeCode };
}

/** A frame of a client (RFC 6455, 5.2), masked with zeros. @param first the byte of FIN, reserved bits and opcode */
export function frame(first: number, payload: Uint8Array, { isMasked = true, length = payload.length } = {}): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([first, mask | length])
      : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(BigInt(length))]);
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

const [braces, letter] = [Buffer.from("{}"), Buffer.from("a")];

/** What breaks the protocol itself, and the code that a server of messages up to 1 MiB closes with. */
export const violations: readonly (readonly [name: string, bytes: Buffer, code: number])[] = [
  ["a frame without a mask", frame(0x81, braces, { isMasked: false }), 1002],
  ["a reserved bit", frame(0xc1, braces), 1002],
  ["an opcode that there is not", frame(0x83, braces), 1002],
  ["a control frame in parts", frame(0x09, letter), 1002],
  ["a control frame that is long", frame(0x89, Buffer.alloc(126)), 1002],
  ["a part of nothing", frame(0x80, letter), 1002],
  ["a message within a message", Buffer.concat([frame(0x01, letter), frame(0x81, letter)]), 1002],
  ["a close with a code that there is not", frame(0x88, Buffer.from([0, 5])), 1002],
  ["a close of one byte", frame(0x88, Buffer.from([3])), 1002],
  ["text that is no UTF-8", frame(0x81, Buffer.from([0xff, 0xfe])), 1007],
  ["a reason that is no UTF-8", frame(0x88, Buffer.from([3, 0xe8, 0xff])), 1007],
  ["16 MB", frame(0x82, Buffer.alloc(0), { length: 16 << 20 }), 1009],
  [
    "16 MB in parts",
    Buffer.concat(Array.from({ length: 256 }, (_, n) => frame(n === 0 ? 0x02 : 0x00, Buffer.alloc(65_536)))),
    1009,
  ],
  ["more than there is memory", frame(0x82, Buffer.alloc(0), { length: 2 ** 52 }), 1009],
];

/** Reads the frames of a server up to its close. */
function closeCodeIn(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 127;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes[at] === 0x88) return short < 2 ? 1005 : bytes.readUInt16BE(at + head);
    at +=
      head +
      (short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short);
  }
  return undefined;
}
