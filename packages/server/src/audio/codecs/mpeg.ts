import { MPEGDecoder } from "mpg123-decoder";
import { readMpegHeader } from "../containers/mpeg-frame.ts";
import { type Codec, cheapStartSeconds, cheapStep, lastFrames, usualLeastBytesASecond } from "./codec.ts";
import { codecSetup } from "./setup.ts";

/**
 * A layer III frame may begin in up to 511 bytes of the frames before it, and its filters remember two frames.
 * Frames of the lowest rates have some 30 bytes.
 */
export const mpeg: Codec = {
  runUpPackets: 24,
  step: cheapStep,
  startSeconds: cheapStartSeconds,
  leastBytesASecond: usualLeastBytesASecond,
  setupOf(packet, setup) {
    const header = readMpegHeader(packet, 0);
    return header === undefined ? setup : codecSetup("mp3", header.channels, header.rateHz);
  },
  mostFrames: framesOf,
  async decode({ channels, rateHz }, runUp, packets) {
    const decoder = new MPEGDecoder({ enableGapless: false });
    await decoder.ready;
    try {
      const { channelData } = decoder.decode(new Uint8Array(Buffer.concat([...runUp, ...packets].map(frameOf))));
      const count = packets.reduce((sum, packet) => sum + framesOf(packet), 0);
      const filled = Array.from({ length: channels }, (_, n) => channelData[n] ?? new Float32Array(0));
      return { planar: lastFrames(filled, count), rateHz };
    } finally {
      decoder.free();
    }
  },
};

function framesOf(packet: Uint8Array): number {
  return readMpegHeader(packet, 0)?.frames ?? 0;
}

/** The one frame that a packet is: what else a container puts into one is nobody's sound. */
function frameOf(packet: Uint8Array): Uint8Array {
  return packet.subarray(0, readMpegHeader(packet, 0)?.bytes ?? 0);
}
