import type {
  BatchAnswer,
  BatchEvent,
  BatchOperation,
  BatchRequest,
  BatchResult,
  Failure,
} from "@voxpool/client/contract";
import { holderName } from "../access/principal.ts";
import type { Api, Caller } from "./types.ts";

/** The use cases that a batch is made of. */
export type BatchCalls = Pick<
  Api,
  "loadModel" | "unloadModel" | "reloadModel" | "warmUpModel" | "pinModel" | "switchModel" | "setAlias"
>;

/** The body with which an operation's own route would answer what was thrown. */
export type ExplainFailure = (thrown: unknown, operation: BatchOperation) => Failure;

const defaultConcurrency = 4;

/**
 * `POST /api/models/batch`: `started` and `result` events, then one `done`. Once its caller has gone, or after an error
 * where the batch stops at errors, nothing more is begun; what has begun is finished.
 */
export async function* runBatch(
  calls: BatchCalls,
  request: BatchRequest,
  caller: Caller,
  explain: ExplainFailure,
): AsyncGenerator<BatchEvent, void> {
  const { operations } = request;
  const width = request.order === "parallel" ? (request.concurrency ?? defaultConcurrency) : 1;
  const running = new Map<number, Promise<BatchResult>>();
  const results = new Map<number, BatchResult>();
  let begun = 0;
  let isStopped = false;
  while (true) {
    isStopped ||= caller.signal.aborted;
    const operation = isStopped || running.size >= width ? undefined : operations[begun];
    if (operation) {
      const index = begun++;
      running.set(index, runOne(calls, operation, index, { caller: callerOf(request, operation, caller), explain }));
      yield { type: "started", index, operation: operation.operation };
      continue;
    }
    if (running.size === 0) break;
    const result = await Promise.race(running.values());
    running.delete(result.index);
    results.set(result.index, result);
    if (result.status === "failed" && request.on_error !== "continue") isStopped = true;
    yield { type: "result", result };
  }
  for (const [index, { operation }] of operations.entries()) {
    if (results.has(index)) continue;
    const result: BatchResult = { index, operation, status: "skipped" };
    results.set(index, result);
    yield { type: "result", result };
  }
  yield { type: "done", answer: toAnswer([...results.values()], caller) };
}

async function runOne(
  calls: BatchCalls,
  operation: BatchOperation,
  index: number,
  { caller, explain }: { readonly caller: Caller; readonly explain: ExplainFailure },
): Promise<BatchResult> {
  const common = { index, operation: operation.operation };
  try {
    return { ...common, status: "done", answer: await run(calls, operation, caller) };
  } catch (error) {
    return { ...common, status: "failed", failure: explain(error, operation) };
  }
}

function run(calls: BatchCalls, operation: BatchOperation, caller: Caller): Promise<object> {
  switch (operation.operation) {
    case "load":
      return calls.loadModel(operation, caller);
    case "unload":
      return calls.unloadModel(operation, caller);
    case "reload":
      return calls.reloadModel(operation, caller);
    case "warmup":
      return calls.warmUpModel(operation, caller);
    case "pin":
      return calls.pinModel(operation, caller);
    case "switch":
      return calls.switchModel(operation, caller);
    case "alias":
      return calls.setAlias(operation, caller);
  }
}

/** An operation's own `client_id` goes before that of the batch. */
function callerOf(request: BatchRequest, operation: BatchOperation, caller: Caller): Caller {
  const finished = { ...caller, isFinished: true };
  const own = "client_id" in operation ? operation.client_id : undefined;
  const client = own ?? request.client_id;
  return client === undefined
    ? finished
    : { ...finished, client: holderName(caller.principal, client), kind: "client" };
}

function toAnswer(unordered: readonly BatchResult[], { language }: Caller): BatchAnswer {
  const results = unordered.toSorted((a, b) => a.index - b.index);
  const count = (status: BatchResult["status"]) => results.filter((result) => result.status === status).length;
  const [done, failed, skipped] = [count("done"), count("failed"), count("skipped")];
  const message =
    language === "zh"
      ? `完成 ${done} 项，失败 ${failed} 项，跳过 ${skipped} 项`
      : `${done} done, ${failed} failed, ${skipped} skipped`;
  return { success: done === results.length, message, results, done, failed, skipped };
}
