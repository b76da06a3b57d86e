import { freePort } from "../../test/fixtures/free-port.ts";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { concurrently } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { nativeClient, type Places, type ProtocolClient, protocolClients } from "../support/protocol-clients.ts";
import { type Recording, repeated, totalSeconds } from "../support/recordings.ts";
import { startServerWith } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const atOnce = 8;

/** What each protocol costs beside the native one. */
export const protocols: BenchCase = {
  name: "protocols",
  async run(bench) {
    const { model, temporaryDirectory } = bench;
    const [voskPort, wyomingPort] = [await freePort(), await freePort()];
    const server = await startServerWith({
      modelDirectories: [model.modelDirectory],
      stateDirectory: model.stateDirectory,
      defaultModel: model.modelPath,
      temporaryDirectory,
      settings: { "vosk.port": String(voskPort), "wyoming.port": String(wyomingPort) },
    });
    const http = new HttpClient(server.url, atOnce);
    try {
      return await measure(bench, { url: server.url, modelPath: model.modelPath, voskPort, wyomingPort }, http);
    } finally {
      http.close();
      await server.stop();
    }
  },
};

async function measure(bench: Bench, places: Places, http: HttpClient): Promise<readonly Measurement[]> {
  const files = repeated(bench.recordings, bench.smoke ? 3 : 30);
  const speedOf = (client: ProtocolClient) => speed(client, places, http, files);
  const ratios = new Map(protocolClients.map((client) => [client, [] as number[]]));
  const speeds = new Map([nativeClient, ...protocolClients].map((client) => [client, [] as number[]]));
  if (!bench.smoke) await speedOf(nativeClient); // the first is slower
  for (let run = 0; run < bench.runs; run += 1) {
    for (const client of protocolClients) {
      // Native before and behind each: what the machine does meanwhile is in both.
      const before = await speedOf(nativeClient);
      const own = await speedOf(client);
      const after = await speedOf(nativeClient);
      ratios.get(client)?.push(own / ((before + after) / 2));
      speeds.get(client)?.push(own);
      speeds.get(nativeClient)?.push(before, after);
      bench.say(`protocols: ${client.name} ${own.toFixed(1)}, native ${((before + after) / 2).toFixed(1)}`);
    }
  }
  return protocolClients.map((client) => ({
    what: `Throughput by ${client.name}, ${atOnce} recordings at once, over POST /api/transcribe`,
    figure: `${spread(speeds.get(client) ?? [])} against ${spread(speeds.get(nativeClient) ?? [])} times real time`,
    value: median(ratios.get(client) ?? []),
    unit: "",
    goal: { kind: "at least", value: 0.95 },
    note: `${files.length} recordings, ${totalSeconds(files).toFixed(0)} s of audio; median of ${bench.runs} ratios.`,
  }));
}

async function speed(
  client: ProtocolClient,
  places: Places,
  http: HttpClient,
  files: readonly Recording[],
): Promise<number> {
  const begun = performance.now();
  await concurrently(files, atOnce, async (recording) => {
    const text = await client.say(places, http, recording);
    if (text === "") throw new Error(`${client.name} heard nothing in ${recording.name}`);
  });
  return totalSeconds(files) / ((performance.now() - begun) / 1000);
}
