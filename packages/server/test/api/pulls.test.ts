import assert from "node:assert/strict";
import { test } from "node:test";
import type { PullEvent } from "@voxpool/client/contract";
import { createPulls, type PullParts } from "../../dist/api/pulls.js";
import { VoxpoolError } from "../../dist/base/errors.js";
import { createCatalog } from "../../dist/catalog/catalog.js";
import type { PullEvent as Progress } from "../../dist/catalog/download.js";
import { knownModels } from "../../dist/catalog/known-models.js";
import { makeTree, reasonOf } from "../catalog/tree.ts";

/** Pulls whose downloads are moved on by hand. */
async function setUp(t: Parameters<typeof makeTree>[0]) {
  const cwd = await makeTree(t, { "model/cn/am/final.mdl": "" });
  const downloads: {
    name: string;
    tell: (event: Progress) => void;
    end: PromiseWithResolvers<{ alreadyThere: boolean }>;
  }[] = [];
  const parts: PullParts = {
    catalog: createCatalog({ modelDirs: ["model"], workingDirectory: cwd }),
    known: knownModels,
    partNames: ["libvosk"],
    pull: (name, tell) => {
      const end = Promise.withResolvers<{ alreadyThere: boolean }>();
      downloads.push({ name, tell, end });
      return end.promise;
    },
  };
  return { pullModel: createPulls(parts), downloads };
}

const caller = { language: "en", signal: new AbortController().signal } as const;
const progress = (receivedBytes: number): Progress => ({
  name: "cn",
  file: "a.zip",
  phase: "download",
  receivedBytes,
  totalBytes: 100_000_000,
});

async function all(events: AsyncIterable<PullEvent>): Promise<PullEvent[]> {
  const seen: PullEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

test("pulls of one name at once are one download, and each caller hears of it and of its end", async (t) => {
  const { pullModel, downloads } = await setUp(t);
  const first = pullModel({ name: "cn" }, caller);
  const second = pullModel({ name: "cn" }, { ...caller, language: "zh" });
  const heard = [first.next(), second.next()];
  assert.equal(downloads.length, 1);
  downloads[0]?.tell(progress(5_000_000));
  for (const { value } of await Promise.all(heard)) {
    const expected = { type: "progress", phase: "download", file: "a.zip", received_bytes: 5_000_000 };
    assert.partialDeepStrictEqual(value, expected);
  }
  downloads[0]?.end.resolve({ alreadyThere: false });
  const [en, zh] = await Promise.all([all(first), all(second)]);
  const answer = { success: true, name: "cn", already_there: false, model_path: "model/cn" };
  assert.deepEqual(en, [{ type: "done", answer: { ...answer, message: "cn is fetched" } }]);
  assert.deepEqual(zh, [{ type: "done", answer: { ...answer, message: "已下载 cn" } }]);

  const later = pullModel({ name: "cn" }, caller).next();
  assert.equal(downloads.length, 2, "one that is over is not joined");
  downloads[1]?.end.resolve({ alreadyThere: true });
  assert.partialDeepStrictEqual((await later).value, { type: "done", answer: { already_there: true } });
});

test("who is slow hears the newest, and small steps are no news", async (t) => {
  const { pullModel, downloads } = await setUp(t);
  const events = pullModel({ name: "cn" }, caller);
  const first = events.next();
  for (let bytes = 0; bytes <= 100_000_000; bytes += 100_000) downloads[0]?.tell(progress(bytes));
  const { value } = await first;
  assert.ok(value?.type === "progress" && value.received_bytes === 100_000_000);
  downloads[0]?.tell({ ...progress(100_000_000), phase: "unpack" });
  downloads[0]?.end.resolve({ alreadyThere: false });
  assert.deepEqual(
    (await all(events)).map((event) => (event.type === "progress" ? event.phase : event.type)),
    ["unpack", "done"],
  );
});

test("a caller that leaves does not end the download, which others can join", async (t) => {
  const { pullModel, downloads } = await setUp(t);
  const gone = new AbortController();
  const leaving = pullModel({ name: "cn" }, { ...caller, signal: gone.signal }).next();
  gone.abort(new VoxpoolError("request_cancelled"));
  assert.equal(await reasonOf(leaving), "request_cancelled");
  const joined = all(pullModel({ name: "cn" }, caller));
  downloads[0]?.end.resolve({ alreadyThere: false });
  assert.equal((await joined).at(-1)?.type, "done");
  assert.equal(downloads.length, 1);
});

test("a failed download is told to all who waited, and tried anew by the next", async (t) => {
  const { pullModel, downloads } = await setUp(t);
  const waiting = [1, 2, 3].map(() => reasonOf(all(pullModel({ name: "libvosk" }, caller))));
  downloads[0]?.end.reject(new VoxpoolError("download_failed", {}));
  assert.deepEqual(await Promise.all(waiting), ["download_failed", "download_failed", "download_failed"]);
  const next = all(pullModel({ name: "libvosk" }, caller));
  downloads[1]?.end.resolve({ alreadyThere: false });
  assert.deepEqual((await next).at(-1), {
    type: "done",
    answer: { success: true, message: "libvosk is fetched", name: "libvosk", already_there: false },
  });
});

test("only names of the catalogue are pulled: no address, no path", async (t) => {
  const { pullModel, downloads } = await setUp(t);
  for (const name of [
    "http://127.0.0.1/a.zip",
    "https://huggingface.co/a/b",
    "../cn",
    "nothing",
    "__proto__",
    "CN",
    "",
  ]) {
    assert.equal(await reasonOf(all(pullModel({ name }, caller))), "download_unknown", name);
  }
  assert.equal(downloads.length, 0);
});
