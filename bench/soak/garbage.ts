import { again, Counts, type Scene } from "./activity.ts";
import type { Reply, Service } from "./service.ts";

/** Sends what no server can do anything with. Each must be refused with a reason, and with no more than that. */
export class Garbage {
  readonly counts = new Counts();
  /** What was answered otherwise, for people. */
  readonly wrong: string[] = [];
  readonly #service: Service;
  readonly #strangers: readonly Service[];

  /** @param strangers have no key, or one that is none; whatever they ask for is refused */
  constructor(service: Service, strangers: readonly Service[]) {
    this.#service = service;
    this.#strangers = strangers;
  }

  async run(scene: Scene, goodModel: string, broken: readonly string[]): Promise<void> {
    const { random } = scene;
    const noise = (): Uint8Array<ArrayBuffer> => {
      const bytes = new Uint8Array(Math.floor(random.next() * 50_000));
      return bytes.map(() => Math.floor(random.next() * 256));
    };
    const kinds: readonly (readonly [string, () => Promise<Reply>])[] = [
      ["broken model", () => this.#service.post("/api/models/load", { model_path: random.pick(broken) })],
      ["broken model", () => this.#service.post("/api/models/load", { model_path: random.pick(broken) })],
      ["request for a broken model", () => this.#service.upload(transcribe(random.pick(broken)), noise())],
      ["noise as a recording", () => this.#service.upload(transcribe(goodModel), noise())],
      ["path outside", () => this.#service.post("/api/models/load", { model_path: "../../../etc" })],
      ["body that is no JSON", () => this.#service.post("/api/models/load", "{model_path:")],
      ["no key that is one", () => random.pick(this.#strangers).get("/api/models")],
      ["no key that is one", () => random.pick(this.#strangers).post("/api/models/load", { model_path: goodModel })],
      ["long path", () => this.#service.post("/api/models/unload", { model_path: "x".repeat(100_000) })],
    ];
    await again(scene, 1000, async () => {
      const [name, send] = random.pick(kinds);
      const { status, body } = await send();
      this.counts.add(name);
      const isRefused = status >= 400 && body.success === false && typeof body.reason === "string";
      if (!isRefused || body.reason === "internal") this.wrong.push(`${name}: ${status} ${JSON.stringify(body)}`);
    });
  }
}

function transcribe(modelPath: string): string {
  return `/api/transcribe?${new URLSearchParams({ model_path: modelPath })}`;
}
