import type { ChannelChoice } from "./audio.ts";
import { channelsOut } from "./channels.ts";
import type { Codec, CodecSetup, Coded } from "./codecs/codec.ts";
import { loadCodec } from "./codecs/codecs.ts";
import { sameSound } from "./codecs/setup.ts";
import { damaged } from "./format.ts";
import { outputRateHz } from "./kernel.ts";

/** Samples of all channels at the file's own rate that a step decodes, about: 24 MB. */
const mostValues = 6_000_000;
const mostPackets = 4096;
/** What one page or block may become, at its own rate and at the rate that comes out; 32 MB each. */
const mostPartValues = 8_000_000;

/** Packets that a step decodes together, those that belong together in one part. */
export class PacketBatch {
  readonly #channels: ChannelChoice;
  readonly #parts: (Coded & { readonly packets: Uint8Array[] })[] = [];
  #seconds = 0;
  #values = 0;
  #packets = 0;
  #codec: Codec | undefined;

  constructor(channels: ChannelChoice) {
    this.#channels = channels;
  }

  get parts(): readonly Coded[] {
    return this.#parts;
  }

  /** Sound that they become, at most. */
  get seconds(): number {
    return this.#seconds;
  }

  get isEnough(): boolean {
    const seconds = this.#codec?.step.mostSeconds ?? Number.POSITIVE_INFINITY;
    return this.#seconds >= seconds || this.#values >= mostValues || this.#packets >= mostPackets;
  }

  /** Sound that is worth a step: each begins with a run-up. */
  get wantedSeconds(): number {
    return this.#codec?.step.wantedSeconds ?? 0;
  }

  /** Most bytes for a step by its codec; 0 where there is none. */
  get mostBytes(): number {
    return this.#codec?.step.mostBytes ?? 0;
  }

  /** Takes what one reading found. @throws VoxpoolError `audio_invalid` if that is more sound than can be true */
  async add(coded: Coded): Promise<void> {
    const codec = await loadCodec(coded.setup.codec);
    this.#codec = codec;
    const before = { seconds: this.#seconds, values: this.#values };
    if (coded.gapSeconds !== undefined) this.#addGap(coded, coded.gapSeconds);
    for (const packet of coded.packets) {
      const setup = codec.setupOf?.(packet, coded.setup) ?? coded.setup;
      const frames = codec.mostFrames(packet, setup);
      this.#seconds += frames / setup.rateHz;
      this.#values += frames * setup.channels;
      this.#packets++;
      this.#partFor(coded, setup).push(packet);
      const output = (this.#seconds - before.seconds) * outputRateHz * channelsOut(setup.channels, this.#channels);
      if (Math.max(output, this.#values - before.values) > mostPartValues) {
        throw damaged("a part of it stands for more sound than can be true");
      }
    }
  }

  /** A part of its own. Whoever finds gaps bounds them. */
  #addGap(coded: Coded, seconds: number): void {
    this.#seconds += seconds;
    this.#values += seconds * coded.setup.rateHz * coded.setup.channels;
    this.#parts.push({ ...coded, packets: [] });
  }

  /** What packets say of themselves wins over what their container says of them. */
  #partFor(coded: Coded, setup: CodecSetup): Uint8Array[] {
    const last = this.#parts.at(-1);
    const scale = setup.rateHz / coded.setup.rateHz;
    const part = {
      ...coded,
      setup,
      ...(coded.skipFrames !== undefined && { skipFrames: coded.skipFrames * scale }),
      ...(coded.totalFrames !== undefined && { totalFrames: coded.totalFrames * scale }),
    };
    if (last?.stream !== coded.stream || last.gapSeconds !== undefined || !sameSound(last.setup, setup)) {
      this.#parts.push({ ...part, packets: [] });
    } else {
      this.#parts[this.#parts.length - 1] = { ...last, ...part, packets: last.packets };
    }
    return this.#parts.at(-1)?.packets ?? [];
  }
}
