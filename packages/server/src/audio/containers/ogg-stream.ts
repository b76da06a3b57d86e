import type { CodecSetup } from "../codecs/codec.ts";
import { flacFrames, flacSetup } from "../codecs/flac-packets.ts";
import { opusFrames, readOpusHead, toOutputFrames } from "../codecs/opus-packets.ts";
import { mostVorbisFrames, vorbisSetup } from "../codecs/vorbis-packets.ts";

/** The stream of sound in an Ogg file: its header packets, then its setup. */
export interface OggStream {
  readonly kind: "opus" | "vorbis" | "flac";
  readonly headers: Uint8Array[];
  setup?: CodecSetup;
  skipFrames: number;
  /** Comments and the like are still to come. */
  done: boolean;
}

const kinds: readonly (readonly [start: string, kind: OggStream["kind"]])[] = [
  ["OpusHead", "opus"],
  ["\x01vorbis", "vorbis"],
  ["\x7fFLAC", "flac"],
];

const others: readonly (readonly [start: string, name: string])[] = [
  ["Speex   ", "Speex"],
  ["\x80theora", "Theora video"],
  ["BBCD", "Dirac video"],
  ["CELT    ", "CELT"],
];

/** What the first packet of a stream begins. */
export function openOggStream(packet: Uint8Array): OggStream | { readonly other: string } {
  const kind = kinds.find(([start]) => startsWith(packet, start))?.[1];
  if (kind === undefined) return { other: others.find(([start]) => startsWith(packet, start))?.[1] ?? "" };
  return { kind, headers: [], skipFrames: 0, done: false };
}

/** Takes the next packet if it is still one of the header. @throws VoxpoolError */
export function takeHeader(stream: OggStream, packet: Uint8Array): boolean {
  if (stream.done) return false;
  return takers[stream.kind](stream, packet);
}

const takers: Readonly<Record<OggStream["kind"], (stream: OggStream, packet: Uint8Array) => boolean>> = {
  opus(stream, packet) {
    if (stream.setup !== undefined) {
      stream.done = true;
      return startsWith(packet, "OpusTags");
    }
    const { setup, skipFrames } = readOpusHead(packet);
    stream.setup = setup;
    stream.skipFrames = skipFrames;
    return true;
  },
  vorbis(stream, packet) {
    // Of the second header, the comments, nothing is kept: they may hold a picture.
    stream.headers.push(stream.headers.length === 1 ? packet.slice(0, 7) : packet.slice());
    if (stream.headers.length < 3) return true;
    stream.setup = vorbisSetup(stream.headers[0] as Uint8Array, stream.headers[2] as Uint8Array);
    stream.done = true;
    return true;
  },
  flac(stream, packet) {
    if (stream.setup === undefined) {
      // Of the mapping to Ogg: 9 bytes, then the beginning of a FLAC file.
      stream.setup = flacSetup(padded(packet.slice(17, 51), 34)).setup;
      return true;
    }
    stream.done = packet[0] === 0xff;
    return !stream.done;
  },
};

/** Frames that come out for a position that the container counts. */
export function framesAt({ kind, skipFrames }: OggStream, granule: number): number {
  return kind === "opus" ? toOutputFrames(granule) - skipFrames : granule;
}

/** Frames that packets become, at most. */
export function mostFramesOf(stream: OggStream, packets: readonly Uint8Array[]): number {
  if (stream.kind === "vorbis") return packets.length * mostVorbisFrames(stream.setup as CodecSetup);
  const count = stream.kind === "opus" ? opusFrames : flacFrames;
  return packets.reduce((sum, packet) => sum + count(packet), 0);
}

function startsWith(packet: Uint8Array, text: string): boolean {
  return Buffer.from(packet.subarray(0, text.length)).toString("latin1") === text;
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes.subarray(0, length));
  return whole;
}
