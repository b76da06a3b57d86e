import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type LogFileOptions, openLogFile } from "../../dist/base/log-file.js";
import { scratchDirectory } from "./scratch.ts";

/** Which does not compress. */
const noise = (n: number) =>
  `${Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 7919 * (n + 3)) % 251)).toString("base64")}\n`;

const start = Date.UTC(2026, 7, 1, 12);

function openIn(t: TestContext, options: Partial<LogFileOptions> = {}) {
  const directory = scratchDirectory(t);
  const path = join(directory, "logs", "voxpool.log");
  const clock = { ms: start };
  const troubles: Error[] = [];
  const limits = { rotateBytes: 0, rotateSeconds: Number.POSITIVE_INFINITY, keepBytes: 0 };
  const wallNow = () => clock.ms;
  const file = openLogFile({ path, ...limits, wallNow, onTrouble: (error) => troubles.push(error), ...options });
  const files = () => readdirSync(join(directory, "logs")).toSorted();
  return { directory, path, clock, troubles, file, files, read: () => readFileSync(path, "utf8") };
}

suite("a log file", () => {
  test("is appended to, in order, and its folder is made", async (t) => {
    const { path, file, read } = openIn(t);
    for (const line of ["a\n", "b\n", "中文\n"]) file.write(line);
    await file.close();
    assert.equal(read(), "a\nb\n中文\n");
    const again = openLogFile({ path, rotateBytes: 0, rotateSeconds: Number.POSITIVE_INFINITY, keepBytes: 0 });
    again.write("c\n");
    await again.close();
    assert.equal(read(), "a\nb\n中文\nc\n");
  });

  test("that would grow too large is put aside and compressed, no line is lost or in two files", async (t) => {
    const { file, files, path, read } = openIn(t, { rotateBytes: 1000 });
    const lines = Array.from({ length: 100 }, (_, n) => `${String(n).padStart(99, "0")}\n`);
    for (const line of lines) {
      file.write(line);
      await file.drain();
    }
    await file.close();
    const older = files().slice(0, -1);
    assert.deepEqual(files().at(-1), "voxpool.log");
    assert.equal(older.length, 9);
    for (const name of older) assert.match(name, /^voxpool-20260801T120000\.\d{3}Z\.log\.gz$/);
    const texts = older.map((name) => gunzipSync(readFileSync(join(path, "..", name))).toString());
    assert.equal(texts.join("") + read(), lines.join(""));
    assert.ok(statSync(path).size <= 1000);
  });

  test("that is old is put aside with the next line", async (t) => {
    const { file, files, clock, read } = openIn(t, { rotateSeconds: 3600 });
    file.write("early\n");
    await file.drain();
    clock.ms += 3_599_000;
    file.write("still\n");
    await file.drain();
    assert.deepEqual(files(), ["voxpool.log"]);
    clock.ms += 2000;
    file.write("late\n");
    await file.close();
    assert.equal(files().length, 2);
    assert.equal(read(), "late\n");
  });

  test("takes no more room than all its files may take together; what is not its own stays", async (t) => {
    const { file, files, path } = openIn(t, { rotateBytes: 1000, keepBytes: 3000 });
    writeFileSync(join(path, "..", "voxpool-notes.log"), "x".repeat(5000));
    for (let n = 0; n < 20; n += 1) {
      file.write(noise(n));
      await file.drain();
    }
    await file.close();
    const own = files().filter((name) => name !== "voxpool-notes.log");
    assert.equal(files().length, own.length + 1);
    assert.ok(own.length > 2);
    const bytes = own.reduce((sum, name) => sum + statSync(join(path, "..", name)).size, 0);
    assert.ok(bytes <= 3000, String(bytes));
  });

  test("that something else has moved away is opened anew when it is told so", async (t) => {
    const { file, path, read } = openIn(t);
    file.write("one\n");
    await file.drain();
    renameSync(path, `${path}.1`);
    file.write("two\n");
    await file.drain();
    file.reopen();
    file.write("three\n");
    await file.close();
    assert.equal(readFileSync(`${path}.1`, "utf8"), "one\ntwo\n");
    assert.equal(read(), "three\n");
  });

  test("finishes what a process that was killed has left half compressed", async (t) => {
    const { path, file, files } = openIn(t);
    await file.close();
    const old = `${path.slice(0, -4)}-20260101T000000.000Z.log`;
    writeFileSync(old, "old\n");
    writeFileSync(`${old}.gz.part`, "half");
    const limits = { rotateBytes: 0, rotateSeconds: Number.POSITIVE_INFINITY, keepBytes: 0 };
    await openLogFile({ path, ...limits }).close();
    assert.deepEqual(files(), ["voxpool-20260101T000000.000Z.log.gz", "voxpool.log"]);
    assert.equal(gunzipSync(readFileSync(`${old}.gz`)).toString(), "old\n");
  });

  test("a path that cannot be is said at once", (t) => {
    const directory = scratchDirectory(t);
    writeFileSync(join(directory, "file"), "");
    for (const path of [directory, join(directory, "file", "voxpool.log")]) {
      assert.throws(
        () => openLogFile({ path, rotateBytes: 0, rotateSeconds: 1, keepBytes: 0 }),
        /E(ISDIR|NOTDIR|EXIST)/,
      );
    }
  });
});
