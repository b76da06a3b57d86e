import { readAacConfig } from "../codecs/aac-packets.ts";
import type { CodecSetup } from "../codecs/codec.ts";
import { flacSetup } from "../codecs/flac-packets.ts";
import { readOpusHead } from "../codecs/opus-packets.ts";
import { codecSetup } from "../codecs/setup.ts";
import { vorbisSetup } from "../codecs/vorbis-packets.ts";
import { damaged, unsupported } from "../format.ts";
import { childrenOf, float, unsigned } from "./ebml.ts";

export interface WebmTrack {
  readonly number: number;
  readonly setup: CodecSetup;
  readonly skipFrames: number;
}

const id = {
  entry: 0xae,
  number: 0xd7,
  type: 0x83,
  codec: 0x86,
  private: 0x63a2,
  audio: 0xe1,
  encodings: 0x6d80,
  channels: 0x9f,
  rate: 0xb5,
};
const audioType = 2;

interface Entry {
  number: number;
  type: number;
  codec: string;
  private: Uint8Array;
  isEncoded: boolean;
  channels: number;
  rateHz: number;
}

/** The first track of sound that a Tracks element has. @throws VoxpoolError */
export function readTracks(body: Uint8Array): WebmTrack {
  const entries = [...childrenOf(body)].filter((child) => child.id === id.entry).map((child) => readEntry(child.body));
  const entry = entries.find(({ type }) => type === audioType);
  if (entry === undefined) throw unsupported("a WebM or Matroska file without sound");
  if (entry.isEncoded) throw unsupported("Matroska with compressed or encrypted tracks");
  return { number: entry.number, ...setupOf(entry) };
}

function readEntry(body: Uint8Array): Entry {
  const entry: Entry = {
    number: 0,
    type: 0,
    codec: "",
    private: new Uint8Array(0),
    isEncoded: false,
    channels: 1,
    rateHz: 8000,
  };
  for (const child of childrenOf(body)) {
    if (child.id === id.number) entry.number = unsigned(child.body);
    if (child.id === id.type) entry.type = unsigned(child.body);
    if (child.id === id.codec)
      entry.codec = Buffer.from(child.body.subarray(0, 40)).toString("latin1").replace(/\0+$/, "");
    if (child.id === id.private) entry.private = child.body.slice();
    if (child.id === id.encodings) entry.isEncoded = true;
    if (child.id === id.audio) readAudio(entry, child.body);
  }
  return entry;
}

function readAudio(entry: Entry, body: Uint8Array): void {
  for (const child of childrenOf(body)) {
    if (child.id === id.channels) entry.channels = unsigned(child.body);
    if (child.id === id.rate) entry.rateHz = float(child.body);
  }
}

function setupOf(entry: Entry): { setup: CodecSetup; skipFrames: number } {
  const { codec } = entry;
  if (codec === "A_OPUS") return readOpusHead(entry.private);
  return { setup: otherSetup(entry), skipFrames: 0 };
}

function otherSetup({ codec, private: header, channels, rateHz }: Entry): CodecSetup {
  if (codec === "A_VORBIS") return vorbisOf(header);
  if (codec.startsWith("A_AAC")) return readAacConfig(header);
  if (codec === "A_FLAC") {
    if (header.length < 42) throw damaged("its FLAC track has no stream information");
    return flacSetup(header.slice(8, 42)).setup;
  }
  if (codec === "A_MPEG/L3" || codec === "A_MPEG/L2") {
    return codecSetup("mp3", channels === 1 ? 1 : 2, Math.round(rateHz));
  }
  throw unsupported(
    `WebM or Matroska with ${codec.replace(/^A_/, "") || "no codec"} inside; Opus, Vorbis, FLAC, MP3 and AAC are read`,
  );
}

/** Three headers behind each other; the first bytes tell the length of two. */
function vorbisOf(bytes: Uint8Array): CodecSetup {
  let at = 1;
  const lengths = [0, 0].map(() => {
    let length = 0;
    for (; bytes[at] === 255; at++) length += 255;
    return length + (bytes[at++] ?? 0);
  }) as [number, number];
  const second = at + lengths[0];
  return vorbisSetup(bytes.subarray(at, second), bytes.subarray(second + lengths[1]));
}
