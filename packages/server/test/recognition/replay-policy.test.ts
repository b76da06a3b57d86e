import assert from "node:assert/strict";
import { test } from "node:test";
import { afterDeath, counted, type Death, type Deaths, gotOn, noDeaths } from "../../dist/recognition/replay-policy.js";

const idle = { wasDecoding: false, wasAlone: false };
const amongOthers = { wasDecoding: true, wasAlone: false };
const alone = { wasDecoding: true, wasAlone: true };

const table: readonly (readonly [string, Partial<Deaths>, Death, string])[] = [
  ["a first kill", {}, { blame: "outside", ...amongOthers }, "replay"],
  ["a kill of what was alone", {}, { blame: "outside", ...alone }, "replay"],
  ["a fifth kill in a decode", { struck: 4 }, { blame: "outside", ...amongOthers }, "replay"],
  ["a sixth kill in a decode", { struck: 5 }, { blame: "outside", ...amongOthers }, "give_up"],
  ["a sixth kill in a decode, while alone", { struck: 5 }, { blame: "outside", ...alone }, "give_up"],
  ["a tenth kill while it waited", { struck: 5, waited: 9 }, { blame: "outside", ...idle }, "replay"],
  ["one more kill while it waited", { waited: 10 }, { blame: "outside", ...idle }, "give_up"],
  ["a kill after crashes", { model: 10 }, { blame: "outside", ...idle }, "replay"],
  ["a crash in a decode among others", {}, { blame: "model", ...amongOthers }, "replay as a suspect"],
  ["a crash of a bystander", {}, { blame: "model", ...idle }, "replay"],
  ["a crash after kills", { struck: 5, waited: 10 }, { blame: "model", ...amongOthers }, "replay as a suspect"],
  ["a crash of what was alone", {}, { blame: "model", ...alone }, "poisonous"],
  ["a crash of what was alone, at the bound", { model: 10 }, { blame: "model", ...alone }, "poisonous"],
  ["the tenth crash", { model: 9 }, { blame: "model", ...amongOthers }, "replay as a suspect"],
  ["one more crash, of a bystander", { model: 10 }, { blame: "model", ...idle }, "give_up"],
  ["one more crash, among others", { model: 10 }, { blame: "model", ...amongOthers }, "give_up"],
];

for (const [what, before, death, expected] of table) {
  test(`${what}: ${expected}`, () => {
    const verdict = afterDeath({ ...noDeaths, ...before }, death);
    const told = verdict.kind === "replay" && verdict.suspects ? "replay as a suspect" : verdict.kind;
    assert.equal(told, expected);
  });
}

test("deaths are counted by whose fault they were; what others did is forgotten once a session gets on", () => {
  const deaths: readonly Death[] = [
    { blame: "outside", ...amongOthers },
    { blame: "outside", ...idle },
    { blame: "outside", ...alone },
    { blame: "model", ...idle },
    { blame: "model", ...alone },
  ];
  const all = deaths.reduce(counted, noDeaths);
  assert.deepEqual(all, { struck: 2, waited: 1, model: 2 });
  assert.deepEqual(gotOn(all), { struck: 0, waited: 0, model: 2 });
});
