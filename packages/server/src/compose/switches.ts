import type { AudioDecoder } from "../audio/audio.ts";
import type { Log } from "../base/log.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { News } from "../observe/news.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";
import { createRecognition } from "../recognition/recognition.ts";
import type { Recognition } from "../recognition/types.ts";
import { logSwitch } from "../rollout/log-switch.ts";
import type { switchSettings } from "../rollout/settings.ts";
import { createSwitches } from "../rollout/switches.ts";
import type { SwitchEvent, Switches } from "../rollout/types.ts";
import type { NodeScheduler } from "../schedule/scheduler.ts";
import type { Durable } from "./durable.ts";

export interface SwitchesParts {
  readonly settings: { readonly switches: ReturnType<typeof switchSettings> };
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Names;
  readonly scheduler: NodeScheduler;
  readonly audio: AudioDecoder;
  readonly news: News;
  readonly durable: Durable;
  readonly log: Log;
}

/** Switches, and the recognition by which versions on probation are judged; what becomes of them is logged and told. */
export function composeSwitches({ settings, news, log, scheduler, durable, ...parts }: SwitchesParts): {
  readonly switches: Switches;
  readonly recognition: Recognition;
} {
  const recognition = createRecognition({
    pool: parts.pool,
    scheduler,
    poison: durable.poison(),
    onReplay: ({ folder, blame }) => news.replayed(folder, blame),
    onPoison: ({ folder }) => news.poisonous(folder),
  });
  const switches = createSwitches({ ...parts, recognition, ...settings.switches });
  switches.subscribe((event) => {
    logSwitch(log, event);
    tell(news, event);
  });
  return { switches, recognition: switches.watch(recognition) };
}

function tell(news: News, event: SwitchEvent): void {
  if (event.type === "switched") news.switched(event.from, event.to);
  else if (event.type === "rolled_back") news.rolledBack(event.from, event.to, event.detail || event.cause);
  else if (event.type === "confirmed") news.confirmed(event.to);
}
