import { OpusDecoder } from "opus-decoder";
import { concatenated } from "../channels.ts";
import { outputRateHz } from "../kernel.ts";
import { type Codec, type CodecSetup, cheapStartSeconds, cheapStep, usualLeastBytesASecond } from "./codec.ts";
import { opusFrames, opusLayout } from "./opus-packets.ts";

/** 20 ms a packet as a rule; after 200 ms nothing is left of what the decoder did not hear. */
export const opus: Codec = {
  runUpPackets: 10,
  step: cheapStep,
  startSeconds: cheapStartSeconds,
  leastBytesASecond: usualLeastBytesASecond,
  mostFrames: opusFrames,
  async decode(setup, runUp, packets) {
    const decoder = new OpusDecoder({ ...opusLayout(setup), sampleRate: outputRateHz });
    await decoder.ready;
    try {
      for (const packet of runUp) decodePacket(decoder, packet, setup);
      const parts = packets.map((packet) => decodePacket(decoder, packet, setup));
      const planar = Array.from({ length: setup.channels }, (_, n) =>
        concatenated(parts.map((part) => part[n] as Float32Array)),
      );
      return { planar, rateHz: setup.rateHz };
    } finally {
      decoder.free();
    }
  },
};

/** A packet that cannot be decoded is as long a silence: the timeline stays. */
function decodePacket(
  decoder: OpusDecoder<typeof outputRateHz>,
  packet: Uint8Array,
  setup: CodecSetup,
): Float32Array[] {
  const expected = opusFrames(packet);
  const fits = packet.length > 0 && packet.length <= 3840 * setup.channels; // its input buffer
  const decoded = fits && expected > 0 ? decoder.decodeFrame(packet) : undefined;
  if (decoded === undefined || decoded.samplesDecoded !== expected) {
    return Array.from({ length: setup.channels }, () => new Float32Array(expected));
  }
  return decoded.channelData;
}
