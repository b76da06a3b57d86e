import { damaged, unsupported } from "../format.ts";
import type { CodecSetup } from "./codec.ts";
import { codecSetup } from "./setup.ts";

/** ISO 14496-3, 1.6.3.3: rates by their index. */
export const aacRates: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** Frames of a packet at the rate of its setup; spectral band replication doubles both. */
export const aacFrames = 1024;

const typeNames: Readonly<Record<number, string>> = { 23: "AAC-LD", 39: "AAC-ELD", 42: "USAC" };

/** `headers[0]` is what ADTS has: object type, index of the rate, channel configuration. */
export function aacSetup(objectType: number, rateIndex: number, configuration: number): CodecSetup {
  const channels = configuration === 7 ? 8 : configuration;
  const rateHz = aacRates[rateIndex] ?? 0;
  return codecSetup("aac", channels, rateHz, [Uint8Array.of(objectType, rateIndex, configuration)]);
}

/** The shortest AudioSpecificConfig that says the same. */
export function audioSpecificConfig({ headers }: CodecSetup): Uint8Array {
  const [objectType = 2, rateIndex = 4, configuration = 1] = headers[0] ?? [];
  return Uint8Array.of((objectType << 3) | (rateIndex >> 1), ((rateIndex & 1) << 7) | (configuration << 3));
}

/** From an AudioSpecificConfig (ISO 14496-3, 1.6.2.1), as containers have it. @throws VoxpoolError */
export function readAacConfig(config: Uint8Array): CodecSetup {
  const [a = 0, b = 0, c = 0] = config;
  let objectType = a >> 3;
  const rateIndex = ((a & 7) << 1) | (b >> 7);
  const configuration = (b >> 3) & 15;
  if (objectType === 31) objectType = 32 + (((a & 7) << 3) | (b >> 5));
  const name = typeNames[objectType];
  if (name !== undefined) throw unsupported(`${name}; of AAC, LC and HE are read`);
  // Spectral band replication named in front: the rest is about the plain AAC inside it.
  if (objectType === 5 || objectType === 29) objectType = 2;
  if (config.length < 2 || objectType === 0 || objectType > 4)
    throw damaged(`its AAC configuration has object type ${objectType}`);
  if (aacRates[rateIndex] === undefined || configuration > 7)
    throw unsupported("AAC of an unusual rate or number of channels");
  if (configuration === 0) throw unsupported(`AAC whose channels are laid out in its packets (${c})`);
  return aacSetup(objectType, rateIndex, configuration);
}

/** Packets with a header each, as decoders of streams want them. */
export function toAdts({ headers }: CodecSetup, packets: readonly Uint8Array[]): Uint8Array[] {
  const [objectType = 2, rateIndex = 4, configuration = 1] = headers[0] ?? [];
  return packets.map((packet) => {
    const bytes = packet.length + 7;
    const frame = new Uint8Array(bytes);
    frame[0] = 0xff;
    frame[1] = 0xf1;
    frame[2] = ((objectType - 1) << 6) | (rateIndex << 2) | (configuration >> 2);
    frame[3] = ((configuration & 3) << 6) | ((bytes >> 11) & 3);
    frame[4] = (bytes >> 3) & 0xff;
    frame[5] = ((bytes & 7) << 5) | 31;
    frame[6] = 0xfc;
    frame.set(packet, 7);
    return frame;
  });
}

/** An ADTS header has 13 bits for the length. */
export const mostAacPacketBytes = 8191 - 7;
