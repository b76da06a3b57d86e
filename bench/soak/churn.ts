import { again, Counts, pause, type Scene } from "./activity.ts";
import { patienceMs, sdkOf } from "./clients.ts";
import type { Entrance } from "./entrance.ts";
import type { Reply, Service } from "./service.ts";

/** How the steering calls ended, by call. */
export class Steering {
  readonly counts = new Counts();
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  async post(path: string, body: object): Promise<Reply> {
    const reply = await this.#service.post(`/api/models/${path}`, body);
    const isDone = reply.status === 200;
    this.counts.add(isDone ? path : `${path} ${reply.status} ${String(reply.body.reason)}`);
    return reply;
  }
}

/** A client that loads, renews, and gives back or vanishes, so that its lease lapses. */
export async function hold(scene: Scene, steering: Steering, modelPath: string, client_id: string): Promise<void> {
  await again(scene, 700, async () => {
    const body = { model_path: modelPath, client_id };
    const { status } = await steering.post("load", { ...body, lease_ms: 3000, keep_alive: "5s" });
    if (status !== 200) return;
    if (scene.random.next() < 0.5) await steering.post("renew", { ...body, lease_ms: 2000 });
    if (scene.random.next() < 0.7) await steering.post("unload", body);
  });
}

/** An application that holds by the SDK, which renews by itself; it gives back, or just closes. */
export async function holdBySdk(
  scene: Scene,
  steering: Steering,
  entrance: Entrance,
  modelPath: string,
): Promise<void> {
  await again(scene, 1500, async () => {
    const client = sdkOf(entrance, { clientId: "application", leaseMs: 3000 });
    const loaded = await client.loadModel(modelPath, { keepAlive: "5s", timeoutMs: patienceMs });
    steering.counts.add(loaded.success ? "SDK load" : `SDK load ${loaded.reason}`);
    await pause(scene.random.next() * 3000, scene.signal);
    if (loaded.success && scene.random.next() < 0.5) {
      const unloaded = await client.unloadModel(modelPath, { timeoutMs: patienceMs });
      steering.counts.add(unloaded.success ? "SDK unload" : `SDK unload ${unloaded.reason}`);
    }
    await client.close();
  });
}

/** Who is counted by address, and now and then takes the model from everybody. */
export async function loadAndUnload(scene: Scene, steering: Steering, modelPath: string): Promise<void> {
  await again(scene, 1500, async () => {
    await steering.post("load", { model_path: modelPath });
    if (scene.random.next() < 0.3) {
      await steering.post("pin", { model_path: modelPath });
      await steering.post("pin", { model_path: modelPath, pinned: false });
    }
    await steering.post("unload", { model_path: modelPath, force: scene.random.next() < 0.3 });
  });
}

/** Fresh processes take over in the middle of the work. */
export async function reload(scene: Scene, steering: Steering, modelPaths: readonly string[]): Promise<void> {
  await again(scene, 6000, async () => {
    const model_path = scene.random.pick(modelPaths);
    await steering.post(scene.random.next() < 0.7 ? "reload" : "warmup", { model_path });
  });
}

/** Back and forth between two versions, with a probation now and then. */
export async function switchVersions(scene: Scene, steering: Steering, modelPath: string): Promise<void> {
  let version = 1;
  await again(scene, 5000, async () => {
    const probation = scene.random.next() < 0.5 ? { requests: 0, seconds: 0 } : { requests: 30, seconds: 10 };
    const { status } = await steering.post("switch", { model_path: modelPath, version: String(version), probation });
    if (status === 200) version = 3 - version;
  });
}
