import { damaged } from "../format.ts";
import { audioSpecificConfig } from "./aac-packets.ts";
import { type CodecSetup, type Decoded, DecoderBroke } from "./codec.ts";

/** What is used of `@audio/decode-aac` (GPL, so only there if the user installed it). */
interface AacModule {
  decoder(options: { asc: Uint8Array }): Promise<{
    decode(packets: Uint8Array[]): { channelData: Float32Array[]; sampleRate: number };
    free(): void;
  }>;
}

/** Frames that spectral band replication takes in it; it is on for all low rates, needed or not. */
const replicationDelay = 962;

/** Not a literal, since nobody has to have it. */
const moduleName: string = "@audio/decode-aac";

/** Undefined when it is not installed. */
export async function loadAacModule(name = moduleName) {
  let module: AacModule;
  try {
    module = (await import(name)) as AacModule;
  } catch {
    return undefined;
  }
  return { decode: (setup: CodecSetup, packets: readonly Uint8Array[]) => decodeBy(module, setup, packets) };
}

async function decodeBy(module: AacModule, setup: CodecSetup, packets: readonly Uint8Array[]): Promise<Decoded> {
  try {
    const decoder = await module.decoder({ asc: audioSpecificConfig(setup) });
    try {
      const { channelData, sampleRate } = decoder.decode([...packets]);
      const rateHz = sampleRate > 0 ? sampleRate : setup.rateHz;
      return { planar: channelData, rateHz, lateFrames: rateHz > setup.rateHz ? replicationDelay : 0 };
    } finally {
      decoder.free();
    }
  } catch (error) {
    const detail = `its AAC could not be decoded: ${error instanceof Error ? error.message : String(error)}`;
    // All decoders of the module share their memory: after a wild access the next recording would fail as well.
    throw error instanceof WebAssembly.RuntimeError ? new DecoderBroke(detail, { cause: error }) : damaged(detail);
  }
}
