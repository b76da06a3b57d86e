import { viewOf } from "../byte-view.ts";
import { readAacConfig } from "../codecs/aac-packets.ts";
import type { CodecSetup } from "../codecs/codec.ts";
import { flacSetup } from "../codecs/flac-packets.ts";
import { readOpusHead } from "../codecs/opus-packets.ts";
import { codecSetup } from "../codecs/setup.ts";
import { damaged, unsupported } from "../format.ts";
import { boxesOf, find } from "./mp4-box.ts";

export interface Mp4Codec {
  readonly setup: CodecSetup;
  /** For tracks without an edit list. */
  readonly skipFrames: number;
}

/** What is found in MP4 files too, for messages. */
const otherCodecs: Readonly<Record<string, string>> = {
  alac: "Apple Lossless (ALAC)",
  "ac-3": "Dolby AC-3",
  "ec-3": "Dolby E-AC-3",
  samr: "AMR",
  sawb: "AMR-WB",
  twos: "PCM",
  sowt: "PCM",
  lpcm: "PCM",
  in24: "PCM",
  fl32: "PCM",
  enca: "encrypted sound",
  drms: "protected sound (iTunes)",
};

/** By the description of a track's samples (`stsd`). @throws VoxpoolError */
export function readMp4Codec(descriptions: Uint8Array): Mp4Codec {
  const [entry] = boxesOf(descriptions.subarray(8));
  if (entry === undefined || entry.body.length < 28) throw damaged("its MP4 track does not say how it is coded");
  const { name, body } = entry;
  const inner = body.subarray(innerOffset(body));
  if (name === "Opus") return opusOf(find(inner, "dOps"));
  if (name === "fLaC") return flacOf(find(inner, "dfLa"));
  if (name === "mp4a") return mp4aOf(find(inner, "esds") ?? find(inner, "wave", "esds"), body);
  if (name === ".mp3") return { setup: mp3Setup(body), skipFrames: 0 };
  const codec = otherCodecs[name] ?? JSON.stringify(name);
  throw unsupported(`MP4 with ${codec} inside; AAC, Opus, FLAC and MP3 are read`);
}

/** QuickTime has two longer forms of the entry. */
function innerOffset(body: Uint8Array): number {
  const version = viewOf(body).getUint16(8);
  return 28 + (version === 1 ? 16 : version === 2 ? 36 : 0);
}

/** The same fields as in an Ogg file, in another byte order. */
function opusOf(dOps: Uint8Array | undefined): Mp4Codec {
  if (dOps === undefined || dOps.length < 11) throw damaged("its MP4 track has no Opus header");
  const head = new Uint8Array(8 + dOps.length);
  head.set(Buffer.from("OpusHead"));
  head.set(dOps, 8);
  head[8] = 1;
  head[10] = dOps[3] as number;
  head[11] = dOps[2] as number;
  return readOpusHead(head);
}

function flacOf(dfLa: Uint8Array | undefined): Mp4Codec {
  if (dfLa === undefined || dfLa.length < 42) throw damaged("its MP4 track has no FLAC header");
  return { setup: flacSetup(dfLa.slice(8, 42)).setup, skipFrames: 0 };
}

function mp4aOf(esds: Uint8Array | undefined, body: Uint8Array): Mp4Codec {
  const { objectType, config } = readDescriptors(esds?.subarray(4) ?? new Uint8Array(0));
  if (objectType === 0x69 || objectType === 0x6b) return { setup: mp3Setup(body), skipFrames: 0 };
  return { setup: readAacConfig(config), skipFrames: 0 };
}

function mp3Setup(body: Uint8Array): CodecSetup {
  const view = viewOf(body);
  return codecSetup("mp3", view.getUint16(16) === 1 ? 1 : 2, view.getUint16(24));
}

/** Bytes of fields before the descriptors inside another one, by its tag. ISO 14496-1, 7.2.6. */
const fieldBytes: Readonly<Record<number, number>> = { 3: 3, 4: 13 };

function readDescriptors(bytes: Uint8Array): { objectType: number; config: Uint8Array } {
  let objectType = 0x40;
  let config = new Uint8Array(0);
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at++] as number;
    let size = 0;
    let byte = 0x80;
    for (let n = 0; n < 4 && (byte & 0x80) !== 0; n++) {
      byte = bytes[at++] ?? 0;
      size = (size << 7) | (byte & 0x7f);
    }
    if (tag === 4) objectType = bytes[at] ?? 0;
    if (tag === 5) config = bytes.slice(at, at + Math.min(size, 64));
    at += fieldBytes[tag] ?? size;
  }
  return { objectType, config };
}
