import { VoxpoolError } from "../../base/errors.ts";
import { damaged } from "../format.ts";
import { decodeByFfmpeg, findFfmpeg } from "./aac-ffmpeg.ts";
import { loadAacModule } from "./aac-module.ts";
import { aacFrames, mostAacPacketBytes } from "./aac-packets.ts";
import { type Codec, type CodecSetup, type Decoded, lastFrames, usualLeastBytesASecond } from "./codec.ts";

/**
 * AAC is under patents, so no decoder comes with this: ffmpeg is used where it is on the PATH, else the module
 * that a user may have installed. A packet overlaps with the one before; spectral band replication remembers more.
 */
export const aac: Codec = {
  runUpPackets: 4,
  // To start ffmpeg takes as long as it then takes for a minute of sound.
  step: { wantedSeconds: 10, mostSeconds: 80, mostBytes: 1_048_576 },
  startSeconds: 5,
  leastBytesASecond: usualLeastBytesASecond,
  mostFrames: () => 2 * aacFrames,
  async decode(setup, runUp, packets, signal) {
    const all = [...runUp, ...packets].filter(({ length }) => length > 0 && length <= mostAacPacketBytes);
    if (all.length === 0) return { planar: [new Float32Array(0)], rateHz: setup.rateHz };
    const decoded = await decodeAll(setup, all, signal);
    // Silence would be taken for what was said; a decoder may hold back its first packet.
    if (all.length > 1 && (decoded.planar[0]?.length ?? 0) === 0)
      throw damaged("no packet of its AAC could be decoded");
    // Doubled by spectral band replication, which only the decoder finds out.
    const frames = Math.round((packets.length * aacFrames * decoded.rateHz) / setup.rateHz);
    const planar = decoded.planar.length > 0 ? decoded.planar : [new Float32Array(0)];
    return { ...decoded, planar: lastFrames(planar, frames) };
  },
};

async function decodeAll(setup: CodecSetup, packets: readonly Uint8Array[], signal?: AbortSignal): Promise<Decoded> {
  const ffmpeg = await findFfmpeg(process.env["PATH"] ?? "");
  if (ffmpeg !== undefined) return decodeByFfmpeg(ffmpeg, setup, packets, { signal });
  const module = await loadAacModule();
  if (module === undefined) throw new VoxpoolError("audio_decoder_missing", { codec: "AAC" });
  return module.decode(setup, packets);
}
