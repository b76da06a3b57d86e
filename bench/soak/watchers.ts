import { again, Counts, pause, type Scene } from "./activity.ts";
import { sdkOf } from "./clients.ts";
import type { Entrance } from "./entrance.ts";
import type { Journal } from "./journal.ts";
import type { Service } from "./service.ts";

const paths = ["/api/health", "/api/models", "/api/models/available", "/api/models/stats", "/readyz"] as const;

/** Asks how things are, all the time. */
export class Poller {
  readonly counts = new Counts();
  readonly latenciesMs: number[] = [];
  /** What was no answer, for people. */
  readonly wrong: string[] = [];
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  async run(scene: Scene): Promise<void> {
    await again(scene, 100, async () => {
      const path = scene.random.pick(paths);
      const begun = performance.now();
      const { status, body } = await this.#service.get(path);
      this.latenciesMs.push(performance.now() - begun);
      this.counts.add(path);
      if (status !== 200) this.wrong.push(`${path}: ${status} ${JSON.stringify(body)}`);
    });
  }
}

/** Reads the events of the pool, leaves and comes back, and looks whether it misses one. */
export class EventReader {
  readonly counts = new Counts();
  /** Numbers that were missing or came twice, for people. */
  readonly wrong: string[] = [];
  readonly #entrance: Entrance;
  readonly #journal: Journal | undefined;
  #last: string | undefined;

  /** @param journal gets every event, if it is given */
  constructor(entrance: Entrance, journal?: Journal) {
    this.#entrance = entrance;
    this.#journal = journal;
  }

  /** @param slowMs how long it takes over an event */
  async run({ random, signal }: Scene, slowMs: number): Promise<void> {
    while (!signal.aborted) {
      const leaving = AbortSignal.any([signal, AbortSignal.timeout(Math.round(1000 + random.next() * 9000))]);
      await this.#read(leaving, slowMs);
      await pause(random.next() * 500, signal);
    }
  }

  async #read(signal: AbortSignal, slowMs: number): Promise<void> {
    const client = sdkOf(this.#entrance);
    try {
      for await (const event of client.events({
        signal,
        ...(this.#last !== undefined && { lastEventId: this.#last }),
      })) {
        if (event.type === "error" && "failure" in event) {
          if (!signal.aborted) this.wrong.push(`the events ended: ${event.failure.reason}`);
          return;
        }
        if (!("id" in event)) continue;
        this.counts.add(event.type);
        this.#journal?.write(event);
        this.#follow(event.id, event.type);
        if (slowMs > 0) await pause(slowMs, signal);
      }
    } finally {
      await client.close();
    }
  }

  /** All events are asked for, so their numbers have no holes. */
  #follow(id: string, type: string): void {
    const last = this.#last;
    this.#last = id;
    if (type === "gap") this.wrong.push(`a gap after ${last}`);
    if (last === undefined || type === "gap") return;
    const [epoch, number] = id.split(":");
    const [lastEpoch, lastNumber] = last.split(":");
    if (epoch !== lastEpoch || Number(number) !== Number(lastNumber) + 1) this.wrong.push(`${id} after ${last}`);
  }
}
