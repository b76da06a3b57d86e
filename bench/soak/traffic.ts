import type { Random } from "../support/random.ts";
import type { Client } from "./clients.ts";
import type { Target, Utterance } from "./models.ts";
import type { Tally } from "./tally.ts";

/** Requests that are made by chance, from all clients for all models. */
export interface Traffic {
  readonly clients: readonly Client[];
  readonly targets: readonly Target[];
  readonly random: Random;
}

/** Who waits for more answers waits with the next request: below the server's limits for one address. */
const mostInFlight = 150;
const atOnce = 16;

/** Requests a second when there are always some to do. */
export async function measureCapacity(traffic: Traffic, seconds: number, tally: Tally): Promise<number> {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      await request(traffic, tally, performance.now());
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return done / ((performance.now() - begun) / 1000);
}

interface Flow {
  readonly perSecond: number;
  readonly seconds: number;
}

interface Interruption {
  /** Ends it early. */
  readonly failed: AbortSignal;
  /** Called when the last one was sent. */
  readonly onSent: () => void;
}

/**
 * Sends requests at times that do not depend on the answers, as many strangers do, until the time or the signal; then
 * waits for all answers. Gives how many had to wait, since too many others were under way.
 */
export async function sendTraffic(
  traffic: Traffic,
  { perSecond, seconds }: Flow,
  tally: Tally,
  { failed, onSent }: Interruption,
): Promise<number> {
  const inFlight = new Set<Promise<void>>();
  const end = performance.now() + seconds * 1000;
  let heldBack = 0;
  for (let due = performance.now(); due < end && !failed.aborted; due += traffic.random.exponential(1000 / perSecond)) {
    const earlyMs = due - performance.now();
    if (earlyMs > 1) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    if (inFlight.size >= mostInFlight) {
      heldBack += 1;
      await Promise.race(inFlight);
      due = performance.now();
    }
    const one = request(traffic, tally, due);
    inFlight.add(one);
    void one.then(() => inFlight.delete(one));
  }
  onSent();
  await Promise.all(inFlight);
  return heldBack;
}

async function request({ clients, targets, random }: Traffic, tally: Tally, dueMs: number): Promise<void> {
  const client = random.weighted(clients);
  const { name, modelPath, utterances } = random.weighted(targets);
  const utterance = random.pick(utterances);
  const outcome = await client.transcribe(modelPath, utterance);
  tally.count(client.name, name, utterance, outcome, performance.now() - dueMs);
}

/**
 * The targets with what each utterance reads as, recognised once and undisturbed where it is not known beforehand.
 * @throws Error when a model does not answer, or not what it should
 */
export async function withWords(targets: readonly Target[], client: Client): Promise<readonly Target[]> {
  const known: Target[] = [];
  for (const target of targets) {
    const utterances: Utterance[] = [];
    for (const utterance of target.utterances) utterances.push(await heard(target, utterance, client));
    known.push({ ...target, utterances });
  }
  return known;
}

async function heard({ modelPath }: Target, utterance: Utterance, client: Client): Promise<Utterance> {
  const outcome = await client.transcribe(modelPath, utterance);
  if (outcome.kind !== "text" || outcome.text === "") throw new Error(`${modelPath}: ${JSON.stringify(outcome)}`);
  if (utterance.text !== undefined && utterance.text !== outcome.text) {
    throw new Error(`${modelPath} reads ${JSON.stringify(outcome.text)}, not ${JSON.stringify(utterance.text)}`);
  }
  return { ...utterance, text: outcome.text };
}
