import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { startRunning, toneWav } from "./running.ts";

const deployed = (name: string): string => fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url));
const promtool = spawnSync("promtool", ["--version"]).status === 0;
const noPromtool = !promtool && "needs promtool (Debian: prometheus)";

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** The text of a server that has recognised something, and refused and failed at something. */
async function liveMetrics(t: TestContext): Promise<string> {
  const { client, fetch } = await startRunning(t, { en: "tone", bad: { fake: { load: "throw" } } });
  assert.equal((await client.transcribe(toneWav("ace"))).success, true);
  await client.loadModel("bad");
  assert.equal((await client.transcribe(toneWav("ace"), { model_path: "bad" })).success, false);
  return (await fetch("/metrics")).text();
}

/** By the name of a series: the label names that it has. */
function seriesIn(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const series = new Map<string, Set<string>>();
  for (const [, name = "", labels = ""] of text.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? \S+$/gm)) {
    const names = series.get(name) ?? new Set<string>();
    for (const [, label = ""] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) names.add(label);
    series.set(name, names);
  }
  return series;
}

/** The series that a query reads, and every label that it tells apart by. */
function readIn(expr: string): { readonly series: readonly string[]; readonly labels: readonly string[] } {
  const series = expr.match(/\b(?:voxpool|process|nodejs)_[a-z0-9_]+\b/g) ?? [];
  const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(
    ([, inside = ""]) => inside.match(/\w+(?=\s*[=!])/g) ?? [],
  );
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inside = ""]) => inside.match(/\w+/g) ?? []);
  return { series, labels: [...matched, ...grouped] };
}

/** What Prometheus adds, and what it makes of a histogram. */
const added = new Set(["job", "instance", "le"]);

/** What a query reads that the server does not have. */
function missingIn(expr: string, live: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const { series, labels } = readIn(expr);
  const known = new Set(series.flatMap((name) => [...(live.get(name) ?? [])]));
  const strangers = labels.filter((label) => !added.has(label) && !known.has(label));
  return [...series.filter((name) => !live.has(name)), ...strangers];
}

test("every alert and every panel reads metrics and labels that a live server has", async (t) => {
  const live = seriesIn(await liveMetrics(t));
  const { groups } = parse(readFileSync(deployed("prometheus/alerts.yaml"), "utf8")) as Rules;
  const { panels } = JSON.parse(readFileSync(deployed("grafana/dashboard.json"), "utf8")) as Dashboard;
  const queries = [
    ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => [alert, expr] as const)),
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ];
  assert.ok(queries.length > 30);
  const wrong = queries.flatMap(([name, expr]) => missingIn(expr, live).map((missing) => `${name}: ${missing}`));
  assert.deepEqual(wrong, []);
  const [, expr = ""] = queries.find(([name]) => name === "VoxpoolNotReady") ?? [];
  assert.deepEqual(missingIn(expr.replace("voxpool_ready", "voxpool_redy"), live), ["voxpool_redy"]);
});

test("the documents name every metric of voxpool that a live server has, and no other", async (t) => {
  const live = [...seriesIn(await liveMetrics(t)).keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  const named = new Set(live.filter((name) => name.startsWith("voxpool_")));
  for (const document of ["monitoring.md", "monitoring.zh-CN.md"]) {
    const text = readFileSync(fileURLToPath(new URL(`../../../../docs/${document}`, import.meta.url)), "utf8");
    assert.deepEqual(new Set(text.match(/\bvoxpool_[a-z_]+\b/g)), named, document);
  }
});

test("promtool finds nothing wrong with the metrics and the alert rules", { skip: noPromtool }, async (t) => {
  const input = await liveMetrics(t);
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  execFileSync("promtool", ["check", "rules", "--lint=all", "--lint-fatal", deployed("prometheus/alerts.yaml")]);
});
