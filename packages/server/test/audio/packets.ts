/** Packets of the small recordings, to make other files of. */
import { readMpegHeader } from "../../dist/audio/containers/mpeg-frame.js";
import { readPage } from "../../dist/audio/containers/ogg-page.js";
import { recording } from "./recordings.ts";

/** Of the file in Ogg with Opus: 20 ms each, mono. */
export function opusPackets(): Uint8Array[] {
  const bytes = recording("opus.ogg");
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const page = readPage(bytes.subarray(at));
    if (typeof page === "string") throw new Error(`a page that is ${page}`);
    packets.push(...page.packets);
    at += page.bytes;
  }
  return packets.slice(2);
}

/** Of an MP3 file, without the silent first one. */
export function mp3Packets(name: string): Uint8Array[] {
  const bytes = recording(name);
  const packets: Uint8Array[] = [];
  for (let at = bytes.subarray(0, 3).toString() === "73,68,51" ? tagBytes(bytes) : 0; at < bytes.length; ) {
    const header = readMpegHeader(bytes, at);
    if (header === undefined) throw new Error(`no frame at ${at}`);
    packets.push(bytes.subarray(at, at + header.bytes));
    at += header.bytes;
  }
  return packets.slice(1);
}

function tagBytes(bytes: Uint8Array): number {
  return bytes.subarray(6, 10).reduce((size, byte) => size * 128 + byte, 0) + 10;
}

/** The frames of the FLAC file, in one piece, and what stands before them. */
export function flacParts(): { header: Uint8Array; frames: Uint8Array } {
  const bytes = recording("speech.flac");
  let at = 4;
  for (let last = false; !last; ) {
    const [kind = 0, high = 0, middle = 0, low = 0] = bytes.subarray(at);
    last = kind >= 128;
    at += 4 + (high << 16) + (middle << 8) + low;
  }
  const header = bytes.slice(0, 42);
  header[4] = 0x80;
  header.fill(0, 22);
  return { header, frames: bytes.subarray(at) };
}

/** The same packet of Opus with zeros behind (RFC 6716, 3.2.5): short files of many bytes. Of one frame only. */
export function paddedOpus(packet: Uint8Array, padding: number): Uint8Array {
  const lengths = [...Array(Math.floor(padding / 254)).fill(255), padding % 254];
  const toc = (packet[0] ?? 0) | 3;
  return Buffer.concat([Uint8Array.of(toc, 0x41, ...lengths), packet.subarray(1), Buffer.alloc(padding)]);
}

export function repeated<T>(items: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => items).flat();
}
