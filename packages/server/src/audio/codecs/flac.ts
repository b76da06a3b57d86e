import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { concatenated } from "../channels.ts";
import { readFlacHeader } from "../containers/flac-frame.ts";
import { type Codec, type CodecSetup, cheapStartSeconds, cheapStep } from "./codec.ts";
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
    const damage: Damage = { isHeard: false, triesLeft: mostTries };
    const parts = await decodeParts(setup, packets, damage);
    const planar = Array.from({ length: setup.channels }, (__, n) =>
      concatenated(parts.map((part) => part[n] ?? fail())),
    );
    return { planar, rateHz: setup.rateHz, isSilence: !damage.isHeard };
  },
};

interface Damage {
  isHeard: boolean;
  triesLeft: number;
}

/** Decoders that are started for one step in search of what is damaged; beyond that all in question is silence. */
const mostTries = 64;

/**
 * Damaged packets make this decoder lose others, or write where it must not; so packets of which not all comes out are
 * decoded again in halves, until the damaged ones are alone. Those become silence, and all others keep their place.
 */
async function decodeParts(
  setup: CodecSetup,
  packets: readonly Uint8Array[],
  damage: Damage,
): Promise<readonly (readonly Float32Array[])[]> {
  const count = packets.reduce((sum, packet) => sum + flacFrames(packet), 0);
  const planar = damage.triesLeft-- > 0 && count > 0 ? await decodeOnce(setup, packets) : undefined;
  if (planar?.length === setup.channels && planar.every(({ length }) => length === count)) {
    damage.isHeard = true;
    return [planar];
  }
  if (packets.length < 2 || damage.triesLeft <= 0) {
    return [Array.from({ length: setup.channels }, () => new Float32Array(count))];
  }
  const half = Math.ceil(packets.length / 2);
  const first = await decodeParts(setup, packets.slice(0, half), damage);
  return [...first, ...(await decodeParts(setup, packets.slice(half), damage))];
}

/** Undefined if the decoder broke: it has a memory of its own, which goes with it. */
async function decodeOnce(
  { headers }: CodecSetup,
  packets: readonly Uint8Array[],
): Promise<readonly Float32Array[] | undefined> {
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    const { channelData } = await decoder.decodeFrames([...headers, ...packets]);
    decoder.free();
    return channelData;
  } catch (error) {
    // What it is told of a memory that is gone is a RangeError.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Of a packet whose header is damaged nothing is believed: it becomes silence. */
function setupOf(packet: Uint8Array, setup: CodecSetup): CodecSetup {
  const header = readFlacHeader(packet, 0);
  if (header === undefined) return setup;
  const { channels, rateHz = setup.rateHz } = header;
  return channels === setup.channels && rateHz === setup.rateHz
    ? setup
    : codecSetup("flac", channels, rateHz, setup.headers);
}

function fail(): never {
  throw new Error("a part without a channel");
}
