import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { languageOf } from "../../dist/cli/context.js";
import { formatBytes, formatDuration, printable } from "../../dist/cli/format.js";
import { progressText, RateMeter } from "../../dist/cli/progress.js";
import { createPullProgress } from "../../dist/cli/pull-progress.js";
import { renderFields, renderTable } from "../../dist/cli/table.js";
import { shorten, shortenStart, widthOf, wrap } from "../../dist/cli/width.js";

suite("texts of the command line", () => {
  const languages: readonly (readonly [env: Record<string, string>, system: string, language: string])[] = [
    [{ LANG: "zh_CN.UTF-8" }, "en-US", "zh"],
    [{ LANG: "zh" }, "en-US", "zh"],
    [{ LANG: "zh-TW" }, "en-US", "zh"],
    [{ LC_ALL: "en_US.UTF-8", LANG: "zh_CN.UTF-8" }, "zh-CN", "en"],
    [{ LC_ALL: "zh_CN.UTF-8", LANG: "C" }, "en-US", "zh"],
    [{ LC_ALL: "", LC_MESSAGES: "zh_CN", LANG: "C" }, "en-US", "zh"],
    [{ LANG: "C" }, "zh-CN", "en"],
    [{ LANG: "zha" }, "en-US", "en"],
    [{ LANG: "de_DE.UTF-8" }, "zh-CN", "en"],
    [{}, "zh-CN", "zh"],
    [{}, "en-US", "en"],
  ];
  for (const [env, system, language] of languages) {
    test(`the language of ${JSON.stringify(env)} on a system in ${system} is ${language}`, () => {
      assert.equal(languageOf(env, system), language);
    });
  }

  test("amounts of bytes and times are short and right at their borders", () => {
    const bytes: [number, string][] = [
      [0, "0 B"],
      [999, "999 B"],
      [1000, "1.0 kB"],
      [99_949, "99.9 kB"],
      [99_950, "100 kB"],
      [999_499, "999 kB"],
      [999_500, "1.0 MB"],
      [28_670_597, "28.7 MB"],
      [5e15, "5000 TB"],
    ];
    for (const [value, text] of bytes) assert.equal(formatBytes(value), text);
    const times: [number, string, string][] = [
      [0.4, "0 s", "0 秒"],
      [59.4, "59 s", "59 秒"],
      [59.6, "1 min 00 s", "1 分 00 秒"],
      [3599.7, "1 h 00 min", "1 小时 00 分"],
      [3725, "1 h 02 min", "1 小时 02 分"],
      [-5, "0 s", "0 秒"],
    ];
    for (const [value, en, zh] of times)
      assert.deepEqual([formatDuration(value, "en"), formatDuration(value, "zh")], [en, zh]);
  });

  test("text for a terminal keeps its lines and letters and loses what drives the terminal", () => {
    assert.equal(printable("a\u001b[2J\u0007\u009bb\tc\nd é 语音 👋\u202e"), "a[2Jb\tc\nd é 语音 👋");
  });

  test("tables count Chinese characters double and keep a hostile cell in its line", () => {
    const table = renderTable(
      [{ title: "NAME" }, { title: "N", isNumber: true }, { title: "X" }],
      [
        ["中文", "5", "a\nb"],
        ["x", "100", ""],
      ],
    );
    assert.equal(table, "NAME    N  X\n中文    5  a b\nx     100\n");
    assert.equal(
      renderFields([
        ["状态", "ok"],
        ["url", "x"],
      ]),
      "状态  ok\nurl   x\n",
    );
  });

  test("progress has amount, rate and time left; what is not known is left out", () => {
    const known = { label: "en/tiny", done: 7_000_000, total: 28_000_000, unit: "bytes", rate: 3_000_000 } as const;
    assert.equal(
      progressText(known, "en"),
      `en/tiny  [${"█".repeat(6)}${"░".repeat(18)}]   25%  7.0 MB / 28.0 MB  3.0 MB/s  7 s left`,
    );
    assert.match(progressText(known, "zh"), / 剩余 7 秒$/);
    assert.equal(progressText({ label: "a", done: 7_000_000, unit: "bytes" }, "en"), "a  7.0 MB");
    assert.match(
      progressText({ ...known, done: 29_000_000 }, "en"),
      /\[█{24}\] {2}100% {2}29\.0 MB \/ 28\.0 MB {2}3\.0 MB\/s$/,
    );
    assert.equal(progressText({ ...known, total: 0 }, "en"), "en/tiny  7.0 MB  3.0 MB/s");
    assert.equal(
      progressText({ label: "a.wav", done: 30, total: 60, unit: "seconds", rate: 15 }, "en"),
      `a.wav  [${"█".repeat(12)}${"░".repeat(12)}]   50%  30 s / 1 min 00 s  15.0x  2 s left`,
    );
  });

  test("a rate follows the last seconds and begins anew when the amount falls", () => {
    const meter = new RateMeter(5000);
    assert.equal(meter.update(0, 0), undefined);
    assert.equal(meter.update(100, 100), undefined);
    assert.equal(meter.update(1000, 1000), 1000);
    for (let second = 2; second <= 20; second += 1) meter.update(1000, second * 1000);
    assert.equal(meter.update(1000, 21_000), 0);
    assert.equal(meter.update(0, 22_000), undefined);
    assert.equal(meter.update(500, 23_000), 500);
  });

  test("a download says each of its phases, and each file has its own rate", () => {
    let nowMs = 0;
    const textOf = createPullProgress("en", () => nowMs);
    const event = { name: "en/tiny", file: "a.tgz", receivedBytes: 0, totalBytes: 4_000_000 };
    assert.equal(textOf({ ...event, phase: "connect" }), "en/tiny  connecting");
    assert.match(textOf({ ...event, phase: "download" }), /0 B \/ 4\.0 MB$/);
    nowMs = 1000;
    assert.match(
      textOf({ ...event, phase: "download", receivedBytes: 2_000_000 }),
      /50% {2}2\.0 MB \/ 4\.0 MB {2}2\.0 MB\/s {2}1 s left$/,
    );
    assert.match(textOf({ ...event, file: "b.tgz", phase: "download" }), /0 B \/ 4\.0 MB$/);
    assert.equal(textOf({ ...event, phase: "unpack" }), "en/tiny  unpacking");
  });

  test("progress gives up its bar, then its rate, then the start of the label, on a narrow terminal", () => {
    const progress = { label: "calls/五月/第一次.wav", done: 30, total: 60, unit: "seconds", rate: 15 } as const;
    for (let columns = 200; columns >= 12; columns -= 1) {
      const text = progressText(progress, "zh", columns);
      assert.ok(widthOf(text) <= columns, `${columns}: ${text}`);
      assert.match(text, / 50%/);
    }
    assert.match(progressText(progress, "en", 60), /^calls\/五月\/第一次\.wav {3}50% {2}30 s \/ 1 min 00 s/);
    assert.equal(progressText(progress, "en", 14), "…次.wav   50%");
  });

  test("lines are cut by what a terminal shows, with no character in halves", () => {
    assert.equal(shorten("abcdef", 6), "abcdef");
    assert.equal(shorten("abcdefg", 6), "abcde…");
    assert.equal(shorten("一二三四", 6), "一二…");
    assert.equal(shorten("👨‍👩‍👧👨‍👩‍👧", 3), "👨‍👩‍👧…");
    assert.equal(shortenStart("folder/file.wav", 9), "…file.wav");
    assert.equal(shorten("a\u001b[2Jb\nc", 20), "a[2Jb c");
  });

  test("texts wrap at spaces and between Chinese characters, and no line begins with closing punctuation", () => {
    assert.deepEqual(wrap("one two three", 8), ["one two", "three"]);
    assert.deepEqual(wrap("averyveryverylongword x", 8), ["averyveryverylongword", "x"]);
    assert.deepEqual(wrap("监听端口；表示任选", 8), ["监听端", "口；表示", "任选"]);
    assert.deepEqual(wrap("用 VOXPOOL_URL，再否则用", 14), ["用", "VOXPOOL_URL，", "再否则用"]);
    assert.deepEqual(wrap("", 8), [""]);
  });
});

suite("tables on a narrow terminal", () => {
  const columns = [{ title: "NAME" }, { title: "WHAT" }, { title: "SIZE", isNumber: true }, { title: "LICENCE" }];
  const rows = [["a/very/long/name", "a text that is much longer than the others", "12345678", "Apache-2.0"]];

  test("keep to its width: texts are cut, names and numbers are not", () => {
    const lines = renderTable(columns, rows, 60).trimEnd().split("\n");
    assert.ok(lines.every((line) => widthOf(line) <= 60));
    assert.match(lines[1] ?? "", /^a\/very\/long\/name {2}a text.*… {2}12345678 {2}Apache-2\.0$/);
    assert.match(renderTable(columns, rows, 10), /^a\/very\/long\/name {2}a text … {2}12345678 {2}Apache-…$/m);
    assert.match(renderTable(columns, rows), /longer than the others {2}12345678/);
  });

  test("Chinese is cut by its width, and values go on below themselves", () => {
    const table = renderTable([{ title: "名称" }, { title: "说明" }], [["cn", "一二三四五六七八九十"]], 16);
    assert.equal(table, "名称  说明\ncn    一二三四…\n");
    assert.equal(renderFields([["a", "one two three four"]], 13), "a  one two\n   three four\n");
  });
});
