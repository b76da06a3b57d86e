import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { runRecognitions } from "../../dist/cli/transcribe/run.js";
import { transcript } from "./support.ts";

type Options = Parameters<typeof runRecognitions>[0];

const recordings = ["bad", "good", "next"].map((name) => ({ source: name, name, tree: "" }));
const board = { begin() {}, heard() {}, end() {}, failed() {}, around: (write: () => void) => write(), clear() {} };
const link = { isLoss: () => false, isBack: async () => false, isGone: () => false, note() {} };
const context = { signal: new AbortController().signal } as Options["context"];

test("a recording that throws ends the run once the others that were under way are written, and begins no other", async () => {
  const isHeard = Promise.withResolvers<void>();
  const begun: string[] = [];
  const written: string[] = [];
  const run = runRecognitions({
    recordings,
    jobs: 2,
    link,
    board,
    context,
    async recognise({ name }) {
      begun.push(name);
      if (name === "bad") throw new RangeError("bad");
      await isHeard.promise;
      return transcript(name) as Awaited<ReturnType<Options["recognise"]>>;
    },
    async take({ name }, result) {
      written.push(name);
      return result;
    },
  });
  let ended = false;
  const settled = run.then(
    () => assert.fail("it must throw"),
    (error: unknown) => {
      ended = true;
      return error;
    },
  );
  for (let count = 0; count < 5; count += 1) await turn();
  assert.equal(ended, false);
  isHeard.resolve();
  assert.ok((await settled) instanceof RangeError);
  assert.deepEqual([begun, written], [["bad", "good"], ["good"]]);
});
