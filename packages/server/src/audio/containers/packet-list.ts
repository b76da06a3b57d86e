import { damaged } from "../format.ts";

/** Where the packets of a track are in a file. */
export interface PacketIndex {
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly sizes: Uint32Array<ArrayBuffer>;
}

/** Eight hours of the smallest packets that encoders make; 48 MB. */
const mostPackets = 4_000_000;
const mostPacketBytes = 1024 * 1024;
/** Packets follow each other in a file; each step back is a read of its own. */
const mostStepsBack = 4096;

/** Collects packets that lie inside a file; memory goes with what is really added. */
export class PacketList {
  readonly #fileBytes: number;
  #offsets = new Float64Array(1024);
  #sizes = new Uint32Array(1024);
  #count = 0;
  #bytes = 0;
  #end = 0;
  #stepsBack = 0;
  #named = 0;

  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes;
  }

  /** What lies beyond the end is left out: files are cut off. @throws VoxpoolError `audio_invalid` */
  add(offset: number, size: number): void {
    this.#named++;
    if (this.#named > mostPackets) throw damaged("its MP4 header names too many packets");
    if (size === 0 || !(offset >= 0) || offset + size > this.#fileBytes) return;
    this.#bytes += size;
    // Packets that name the same bytes over and over would make hours of sound from a few of them.
    if (size > mostPacketBytes || this.#bytes > this.#fileBytes) {
      throw damaged("the packets in its MP4 header cannot be true");
    }
    // So are packets that lie in each other: all of them may be one byte.
    if (offset < this.#end && ++this.#stepsBack > mostStepsBack) {
      throw damaged("the packets in its MP4 header lie in each other or in disorder");
    }
    this.#end = offset + size;
    if (this.#count === this.#sizes.length) this.#grow();
    this.#offsets[this.#count] = offset;
    this.#sizes[this.#count] = size;
    this.#count++;
  }

  index(): PacketIndex {
    return { offsets: this.#offsets.slice(0, this.#count), sizes: this.#sizes.slice(0, this.#count) };
  }

  #grow(): void {
    const offsets = new Float64Array(this.#count * 2);
    const sizes = new Uint32Array(this.#count * 2);
    offsets.set(this.#offsets);
    sizes.set(this.#sizes);
    this.#offsets = offsets;
    this.#sizes = sizes;
  }
}
