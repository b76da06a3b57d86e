import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { type Codec, cheapStartSeconds, cheapStep, usualLeastBytesASecond } from "./codec.ts";
import { mostPacketBytes, mostVorbisFrames } from "./vorbis-packets.ts";

/** Windows overlap with the packet before: that one packet is all that a packet needs. */
export const vorbis: Codec = {
  runUpPackets: 1,
  step: cheapStep,
  startSeconds: cheapStartSeconds,
  leastBytesASecond: usualLeastBytesASecond,
  mostFrames: (_, setup) => mostVorbisFrames(setup),
  async decode({ channels, headers, rateHz }, runUp, packets) {
    const [identification, setup] = headers as readonly [Uint8Array, Uint8Array];
    const decoder = new OggVorbisDecoder();
    await decoder.ready;
    try {
      const first = { data: identification, codecFrames: [] };
      const fitting = [...runUp, ...packets].filter(({ length }) => length > 0 && length <= mostPacketBytes);
      const frames = fitting.map((data) => ({ data, header: { vorbisSetup: setup } }));
      // The run-up's last packet gives out nothing, as the first packet of a stream does.
      const decoded = await decoder.decodeOggPages(
        [first, { data: identification.subarray(0, 0), codecFrames: frames }].map(asPage),
      );
      if (decoded.channelData.length < channels) return { planar: silence(channels), rateHz };
      return { planar: decoded.channelData.slice(0, channels), rateHz };
    } finally {
      decoder.free();
    }
  },
};

type OggPage = Parameters<OggVorbisDecoder["decodeOggPages"]>[0][number];

/** Of a page the decoder reads no more than its packets. */
function asPage(page: object): OggPage {
  return page as OggPage;
}

function silence(channels: number): Float32Array[] {
  return Array.from({ length: channels }, () => new Float32Array(0));
}
