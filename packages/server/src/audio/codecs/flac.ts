import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { readFlacHeader } from "../containers/flac-frame.ts";
import { type Codec, type CodecSetup, cheapStartSeconds, cheapStep, lastFrames } from "./codec.ts";
import { flacFrames } from "./flac-packets.ts";
import { codecSetup } from "./setup.ts";

/** Every packet stands for itself; STREAMINFO is needed where packets leave rate or size of samples to it. */
export const flac: Codec = {
  runUpPackets: 0,
  step: cheapStep,
  startSeconds: cheapStartSeconds,
  // At 8 kHz with blocks of 16,384 frames, the largest that its subset for streams allows, silence takes 5.8.
  leastBytesASecond: 5,
  setupOf,
  mostFrames: flacFrames,
  async decode(setup, _, packets) {
    const { channels, headers } = setup;
    const decoder = new FLACDecoder();
    await decoder.ready;
    try {
      const { channelData } = await decoder.decodeFrames([...headers, ...packets]);
      const count = packets.reduce((sum, packet) => sum + flacFrames(packet), 0);
      const filled = Array.from({ length: channels }, (__, n) => channelData[n] ?? new Float32Array(0));
      const isSilence = filled.every(({ length }) => length === 0);
      return { planar: lastFrames(filled, count), rateHz: setup.rateHz, isSilence };
    } finally {
      decoder.free();
    }
  },
};

/** Of a packet whose header is damaged nothing is believed: it becomes silence. */
function setupOf(packet: Uint8Array, setup: CodecSetup): CodecSetup {
  const header = readFlacHeader(packet, 0);
  if (header === undefined) return setup;
  const { channels, rateHz = setup.rateHz } = header;
  return channels === setup.channels && rateHz === setup.rateHz
    ? setup
    : codecSetup("flac", channels, rateHz, setup.headers);
}
