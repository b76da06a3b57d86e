import type { Act, Audit } from "../base/audit.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { BatchCalls } from "./batch.ts";
import type { Api, Caller } from "./types.ts";

/** The calls that change something for others, each of which leaves a line; in a batch, too. */
export function auditedCalls(audit: Audit, calls: BatchCalls): BatchCalls {
  const audited =
    <R, A>(act: string, call: (request: R, caller: Caller) => Promise<A>, what: (request: R) => object) =>
    (request: R, caller: Caller): Promise<A> =>
      audit({ act, who: caller, what: { ...what(request) } }, () => call(request, caller));
  return {
    ...calls,
    loadModel: audited("model.load", calls.loadModel, ({ model_path, pin }) => ({ model_path, pin })),
    unloadModel: audited("model.unload", calls.unloadModel, ({ model_path, force }) => ({ model_path, force })),
    reloadModel: audited("model.reload", calls.reloadModel, ({ model_path }) => ({ model_path })),
    pinModel: audited("model.pin", calls.pinModel, ({ model_path, pinned = true }) => ({ model_path, pinned })),
    setAlias: audited("alias.set", calls.setAlias, ({ alias, model_path }) => ({ alias, model_path })),
    switchModel: audited("model.switch", calls.switchModel, ({ model_path, version, to }) => ({
      model_path,
      version,
      to,
    })),
  };
}

/** The same for pulls: the line comes when the caller has heard how it ended, or has left. */
export function auditedPull(audit: Audit, pull: Api["pullModel"]): Api["pullModel"] {
  return (request, caller) => {
    const act = { act: "model.pull", who: caller, what: { name: request.name } };
    return auditedEvents(audit, act, pull(request, caller));
  };
}

async function* auditedEvents<E>(audit: Audit, act: Act, events: AsyncIterable<E>): AsyncGenerator<E, void> {
  const over = Promise.withResolvers<void>();
  audit(act, () => over.promise).catch(() => undefined);
  try {
    yield* events;
    over.resolve();
  } catch (error) {
    over.reject(error);
    throw error;
  } finally {
    // Who left has not heard of an end.
    over.reject(new VoxpoolError("request_cancelled"));
  }
}
