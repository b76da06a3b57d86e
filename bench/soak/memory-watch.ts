import { processMemoryBytes } from "../support/memory.ts";
import { again, type Scene } from "./activity.ts";

const lookEveryMs = 2000;

/** Looks at what the server's own process takes, without those of its models. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #looks: { readonly minutes: number; readonly bytes: number }[] = [];

  constructor(pid: number) {
    this.#pid = pid;
  }

  async run(scene: Scene): Promise<void> {
    await again(scene, lookEveryMs, async () => {
      this.#looks.push({ minutes: performance.now() / 60_000, bytes: processMemoryBytes(this.#pid) });
    });
  }

  /** Bytes a minute by which it grew over the last part of the run (share 0 to 1): the least-squares line. */
  slope(share: number): number {
    const looks = this.#looks.slice(Math.floor(this.#looks.length * (1 - share)));
    const mean = (of: (look: (typeof looks)[number]) => number) =>
      looks.reduce((sum, look) => sum + of(look), 0) / looks.length;
    const [minutes, bytes] = [mean((look) => look.minutes), mean((look) => look.bytes)];
    const spread = mean((look) => (look.minutes - minutes) ** 2);
    return spread === 0 ? 0 : mean((look) => (look.minutes - minutes) * (look.bytes - bytes)) / spread;
  }
}
