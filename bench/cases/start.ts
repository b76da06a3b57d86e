import { startBare } from "../support/bare.ts";
import type { BenchCase } from "../support/case.ts";
import { inTurn } from "../support/concurrent.ts";
import { startServer } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

/** From the command to a server whose model is loaded and warm. */
export const start: BenchCase = {
  name: "start",
  async run(bench) {
    const server: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < bench.runs; round += 1) {
      const [own, direct] = await inTurn(
        round,
        () => elapsedMs(() => startServer(bench)),
        () => elapsedMs(() => startBare(bench, [])),
      );
      server.push(own);
      bare.push(direct);
    }
    return [
      {
        what: "Cold start: from `voxpool serve` to ready, the model loaded and warm",
        figure: `${spread(server, 0)} against ${spread(bare, 0)} ms`,
        value: median(server) / median(bare),
        unit: "",
        note:
          "Against a bare process with the engine that loads the same model and decodes nothing. Files are in the " +
          "page cache; readiness is looked for every 50 ms.",
      },
    ];
  },
};

async function elapsedMs(begin: () => Promise<{ stop(): Promise<void> }>): Promise<number> {
  const begun = performance.now();
  const started = await begin();
  const ms = performance.now() - begun;
  await started.stop();
  return ms;
}
