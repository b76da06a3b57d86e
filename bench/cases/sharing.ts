import { startBare } from "../support/bare.ts";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { concurrently } from "../support/concurrent.ts";
import { megabytes, needProportionalMemory, treeMemoryBytes } from "../support/memory.ts";
import { type Recording, repeated } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { type ClientKind, clientKinds, startClient } from "../support/sharing-clients.ts";
import { median, spread } from "../support/statistics.ts";

/** As profiled; to be looked at again when what is measured changes. */
const whyMissed =
  "The model is small: an own copy costs no more than 184 MB, and 20 clients cost 220 MB (Python) " +
  "before they share anything; after 20 utterances at once the host has 350 to 400 MB. A goal that one " +
  "model of several hundred megabytes would meet by itself.";

/** So long everything is left alone before memory is looked at. */
const settleMs = 2000;

/** What it costs that many programs on a machine recognise speech. */
export const sharing: BenchCase = {
  name: "sharing",
  async run(bench) {
    needProportionalMemory();
    const utterances = repeated(bench.recordings, bench.smoke ? 2 : 20);
    const kinds = clientKinds(bench);
    const rounds = bench.smoke ? 1 : Math.min(bench.runs, 3);
    const own: number[] = [];
    const shared = new Map(kinds.map((kind) => [kind, [] as Shared[]]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, found] of shared) found.push(await sharedMemory(bench, kind, utterances));
      own.push(await ownMemory(bench, utterances));
    }
    return Array.from(shared, ([kind, found], index) => rowOf(kind, found, own, utterances.length, index === 0));
  },
};

interface Shared {
  readonly totalBytes: number;
  readonly serverBytes: number;
}

function rowOf(
  kind: ClientKind,
  found: readonly Shared[],
  own: readonly number[],
  count: number,
  isJudged: boolean,
): Measurement {
  const total = found.map(({ totalBytes }) => totalBytes);
  const server = found.map(({ serverBytes }) => serverBytes);
  const client = (median(total) - median(server)) / count;
  return {
    what: `Memory of ${count} clients that share, over ${count} processes with own copies (${kind.title})`,
    figure: `${spread(total.map(megabytes), 0)} against ${spread(own.map(megabytes), 0)} MB`,
    value: median(total) / median(own),
    unit: "",
    ...(isJudged && { goal: { kind: "at most", value: 1 / 10 } }),
    note:
      `Summed PSS after each has recognised its utterance, all at once. Of it the server's tree ` +
      `${megabytes(median(server)).toFixed(0)} MB, a client ${megabytes(client).toFixed(1)}, an own copy (the bare ` +
      `engine in Node) ${megabytes(median(own) / count).toFixed(0)}; ${found.length} rounds.`,
    whyMissed,
  };
}

async function sharedMemory(bench: Bench, kind: ClientKind, utterances: readonly Recording[]): Promise<Shared> {
  const server = await startServer(bench);
  const path = `/api/transcribe?${new URLSearchParams({ model_path: bench.model.modelPath })}`;
  const authority = new URL(server.url).host;
  const clients = utterances.map(({ file }) => startClient(kind, authority, path, file));
  try {
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    const failed = answers.find((answer) => !answer.includes('"success":true'));
    if (failed !== undefined) throw new Error(`a client was answered ${failed}`);
    await settle(bench);
    const totalBytes = treeMemoryBytes([server.pid, ...clients.map(({ pid }) => pid)]);
    const serverBytes = treeMemoryBytes([server.pid]);
    bench.say(`sharing: ${kind.title}: ${megabytes(totalBytes).toFixed(0)} MB`);
    return { totalBytes, serverBytes };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await server.stop();
  }
}

async function ownMemory(bench: Bench, utterances: readonly Recording[]): Promise<number> {
  const stops: (() => Promise<void>)[] = [];
  const pids: number[] = [];
  try {
    await concurrently(utterances, 2, async (utterance) => {
      const bare = await startBare(bench, [utterance]);
      stops.push(() => bare.stop());
      pids.push(bare.pid);
      await bare.recognize([0], 1);
    });
    await settle(bench);
    const bytes = treeMemoryBytes(pids);
    bench.say(`sharing: own copies: ${megabytes(bytes).toFixed(0)} MB`);
    return bytes;
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
}

const settle = ({ smoke }: Bench): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, smoke ? 50 : settleMs));
