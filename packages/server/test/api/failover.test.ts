import assert from "node:assert/strict";
import { test } from "node:test";
import { mayFailOver, type Need, type Substitute, substitutesFor } from "../../dist/api/failover-policy.js";
import { failoverSettings } from "../../dist/api/failover-settings.js";
import { type Config, settings } from "../../dist/base/settings.js";

const folder = (id: string) => ({ id, modelPath: `model/${id}`, version: "1", directory: `/m/${id}` });

const model = (id: string, languages: readonly string[], more: Partial<Substitute> = {}): Substitute => ({
  folder: folder(id),
  languages,
  isReady: false,
  isDown: false,
  ...more,
});

const chinese: Need = { folder: folder("cn"), languages: ["zh"], wordsDemanded: false };
const both = model("both", ["zh", "en"]);
const english = model("en", ["en"], { isReady: true });
const second = model("cn2", ["zh"]);
const warm = model("cn3", ["zh"], { isReady: true });
const unknown = model("unknown", []);

interface Case {
  readonly name: string;
  readonly need?: Partial<Need>;
  readonly there: readonly Substitute[];
  readonly chain?: readonly string[];
  readonly automatic?: boolean;
  readonly order: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "what is ready goes before what has to be loaded",
    there: [second, warm, both],
    order: ["cn3", "cn2", "both"],
  },
  { name: "never another language", there: [english, unknown], order: [] },
  { name: "never itself", there: [model("cn", ["zh"])], order: [] },
  { name: "what is down is left out", there: [model("cn2", ["zh"], { isDown: true }), both], order: ["both"] },
  {
    name: "the chain goes first, in its order",
    there: [warm, second, both],
    chain: ["both", "cn2"],
    order: ["both", "cn2", "cn3"],
  },
  {
    name: "without leave only the chain serves",
    there: [warm, second],
    chain: ["cn2"],
    automatic: false,
    order: ["cn2"],
  },
  { name: "a chain does not change the language either", there: [english], chain: ["en"], order: [] },
  {
    name: "of a chain it may be unknown what a model knows",
    there: [unknown],
    chain: ["unknown"],
    order: ["unknown"],
  },
  {
    name: "a request in one language needs that one only",
    need: { language: "zh", languages: ["zh", "en", "ja"] },
    there: [second, english],
    order: ["cn2"],
  },
  {
    name: "without a language all of them are needed",
    need: { languages: ["zh", "en"] },
    there: [second, english, both],
    order: ["both"],
  },
  { name: "of an unknown model nothing is found by itself", need: { languages: [] }, there: [second, both], order: [] },
  {
    name: "word times that are demanded",
    need: { wordsDemanded: true },
    there: [model("cn2", ["zh"], { words: false }), both, model("cn4", ["zh"], { words: true })],
    order: ["both", "cn4"],
  },
];

for (const { name, need, there, chain = [], automatic = true, order } of cases) {
  test(`failover: ${name}`, () => {
    const found = substitutesFor({ ...chinese, ...need }, there, {
      chain: chain.map((id) => `/m/${id}`),
      isAutomatic: automatic,
    });
    assert.deepEqual(
      found.map((one) => one.folder.id),
      order,
    );
  });
}

test("what is wrong with the request is wrong with every model", () => {
  const stays = [
    "audio_invalid",
    "language_unsupported",
    "over_capacity",
    "model_not_found",
    "request_cancelled",
    "request_poisonous",
  ] as const;
  for (const reason of stays) assert.equal(mayFailOver(reason), false, reason);
  for (const reason of ["model_unavailable", "model_quarantined", "pool_full"] as const) {
    assert.equal(mayFailOver(reason), true, reason);
  }
});

test("chains as they are configured", () => {
  const defaults = Object.fromEntries(Object.entries(settings).map(([key, { default: value }]) => [key, value]));
  const chainsOf = (chains: readonly string[]) =>
    failoverSettings({ ...(defaults as unknown as Config), "failover.chains": chains }).chains;
  assert.deepEqual(
    [...chainsOf(["model/a > model/b>c", "x > y"])],
    [
      ["model/a", ["model/b", "c"]],
      ["x", ["y"]],
    ],
  );
  for (const bad of [["model/a"], ["a >"], ["> b"], ["a > > b"], ["a > b", "a > c"], [""]]) {
    assert.throws(() => chainsOf(bad), { reason: "config_invalid" }, bad.join());
  }
});
