import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { type Codec, cheapStep, lastFrames } from "./codec.ts";
import { flacFrames } from "./flac-packets.ts";

/** Every packet stands for itself; STREAMINFO is needed where packets leave rate or size of samples to it. */
export const flac: Codec = {
  runUpPackets: 0,
  step: cheapStep,
  mostFrames: flacFrames,
  async decode(setup, _, packets) {
    const { channels, headers } = setup;
    const decoder = new FLACDecoder();
    await decoder.ready;
    try {
      const { channelData } = await decoder.decodeFrames([...headers, ...packets]);
      const count = packets.reduce((sum, packet) => sum + flacFrames(packet), 0);
      const filled = Array.from({ length: channels }, (__, n) => channelData[n] ?? new Float32Array(0));
      return { planar: lastFrames(filled, count), rateHz: setup.rateHz };
    } finally {
      decoder.free();
    }
  },
};
