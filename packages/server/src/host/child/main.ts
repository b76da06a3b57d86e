/**
 * The main thread of a host: passes messages between the parent and the engine thread, sends heartbeats, and
 * ends the process with its parent. It does nothing that can block, whatever the engine thread does.
 */
import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { FromHost, ToHost } from "../wire.ts";
import { beFirstToGo, dieWithParent } from "./native.ts";
import type { FromWorker, ToWorker } from "./relay.ts";

process.on("uncaughtException", fail);
process.on("disconnect", leave);
if (!process.connected) leave();
serve(Number(process.argv[2]) || 1000);
beFirstToGo();
void dieWithParent();

function serve(heartbeatMs: number): void {
  const worker = new Worker(new URL("./worker.js", import.meta.url));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  const tell = (message: ToWorker): void => worker.postMessage(message);
  let unansweredPings = 0;
  process.on("message", (message: ToHost) => tell(message));
  worker.on("message", (message: FromWorker) => {
    if (message.type === "pong") unansweredPings = 0;
    else pass(message);
  });
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`the engine thread ended with code ${code}`)));
  const beat = (): void => {
    // Beats are counted, not timed: a machine that slept did not make the engine silent.
    send(alive((unansweredPings * heartbeatMs) / 1000));
    if (unansweredPings++ === 0) tell({ type: "ping" });
  };
  let isWarm = false;
  const pass = (message: FromHost): void => {
    // After the load and the first decode, so that the parent knows what a warm model takes before it counts as ready.
    if (message.type === "loaded" || (message.type === "done" && !isWarm)) {
      isWarm = message.type === "done";
      send(alive(0));
    }
    send(message);
  };
  beat();
  setInterval(beat, heartbeatMs);
}

function alive(workerSilentSeconds: number): FromHost {
  const { user, system } = process.cpuUsage();
  return {
    type: "alive",
    cpuSeconds: (user + system) / 1e6,
    memoryBytes: process.memoryUsage.rss(),
    workerSilentSeconds,
  };
}

function send(message: FromHost): void {
  // A failed send means that the parent is gone, which `disconnect` tells as well.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Ends the process; the message is the last line, since the last lines are what the parent shows. */
function fail(error: unknown): void {
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  writeSync(2, `${stack}\n${message}\n`);
  process.exit(1);
}

/** SIGKILL, because a normal exit waits for threads that are blocked in native code. */
function leave(): void {
  process.kill(process.pid, "SIGKILL");
}
