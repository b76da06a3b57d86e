import { attach } from "./cases/attach.ts";
import { cycles } from "./cases/cycles.ts";
import { eviction } from "./cases/eviction.ts";
import { firstRequest } from "./cases/first-request.ts";
import { firstSegment } from "./cases/first-segment.ts";
import { formats } from "./cases/formats.ts";
import { guarded } from "./cases/guarded.ts";
import { health } from "./cases/health.ts";
import { latency } from "./cases/latency.ts";
import { live } from "./cases/live.ts";
import { liveMany } from "./cases/live-many.ts";
import { liveSessions } from "./cases/live-sessions.ts";
import { liveVosk } from "./cases/live-vosk.ts";
import { peer } from "./cases/peer.ts";
import { protocols } from "./cases/protocols.ts";
import { recovery } from "./cases/recovery.ts";
import { sharing } from "./cases/sharing.ts";
import { start } from "./cases/start.ts";
import { status } from "./cases/status.ts";
import { switching } from "./cases/switch.ts";
import { throughput } from "./cases/throughput.ts";
import type { BenchCase } from "./support/case.ts";

/** In the order in which they are measured and reported. */
export const cases: readonly BenchCase[] = [
  throughput,
  latency,
  sharing,
  attach,
  cycles,
  health,
  peer,
  start,
  firstSegment,
  formats,
  firstRequest,
  status,
  eviction,
  recovery,
  switching,
  live,
  liveSessions,
  liveVosk,
  liveMany,
  protocols,
  guarded,
];

/** What RESULTS.md is about: the cases, and the soak, which is run by itself. */
export const resultNames: readonly string[] = [...cases.map(({ name }) => name), "soak"];
