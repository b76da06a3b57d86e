import { EventEmitter, once } from "node:events";
import type { RequestListener } from "node:http";
import { bodyOf, sendJson } from "./server.ts";

/** What a service was asked, with its body. */
export interface Call {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Holder {
  readonly handler: RequestListener;
  readonly calls: readonly Call[];
  /** Model paths by client. */
  readonly held: ReadonlySet<string>;
  /** The next call of this path, from now on. */
  next(path: string): Promise<Call>;
  /** As a restart does. */
  forgetAll(): void;
  /** Answers instead, once, to the next call of this path. */
  instead: Map<string, RequestListener>;
}

/** A service that knows who holds what, as the contract has it; `model/x` and `x` are one model. */
export function holder(): Holder {
  const calls: Call[] = [];
  const held = new Set<string>();
  const events = new EventEmitter();
  const instead = new Map<string, RequestListener>();
  const handler: RequestListener = async (request, response) => {
    const path = (request.url ?? "").replace("/api", "").replace(/\?.*/, "");
    const text = (await bodyOf(request)).toString();
    const body = (text.startsWith("{") ? JSON.parse(text) : {}) as Record<string, unknown>;
    const call = { path, body };
    calls.push(call);
    const other = instead.get(path);
    instead.delete(path);
    if (other !== undefined) other(request, response);
    else answer(call);
    events.emit(path, call);

    function answer({ body: { client_id, model_path, lease_ms } }: Call): void {
      const model = `model/${String(model_path).replace(/^model\//, "")}`;
      const key = `${String(client_id)} ${model}`;
      const done = { success: true, message: "Done.", model_path: model };
      if (path === "/models/load") held.add(key);
      if (path === "/models/renew" && !held.has(key)) {
        const refusal = { success: false, message: "Nothing.", reason: "hold_unknown", retryable: false };
        sendJson(response, 404, refusal);
        return;
      }
      if (path === "/models/unload" || lease_ms === 1000) held.delete(key);
      sendJson(response, 200, { ...done, renewed: [{ model_path: model, until: 1 }], unloaded: true, holds: [] });
    }
  };
  return {
    handler,
    calls,
    held,
    instead,
    next: async (path) => ((await once(events, path)) as [Call])[0],
    forgetAll: () => held.clear(),
  };
}
