import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../dist/pool/turns.js";
import { settle } from "./fake-clock.ts";

/** Takes turns by name and writes down who has one. */
function queue() {
  const turns = new Turns();
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string, alone = false, signal?: AbortSignal) => {
    const turn = turns.take(alone, signal).then((end) => {
      running.push(name);
      ends.set(name, () => {
        running.splice(running.indexOf(name), 1);
        end();
      });
    });
    turn.catch(() => undefined);
    return turn;
  };
  return { take, running, end: (name: string) => ends.get(name)?.() };
}

test("ordinary decodes run side by side; a suspect waits until all are done, and runs alone", async () => {
  const { take, running, end } = queue();
  void take("a");
  void take("b");
  void take("suspect", true);
  void take("c");
  await settle();
  assert.deepEqual(running, ["a", "b"], "who comes after a suspect waits behind it");
  end("a");
  await settle();
  assert.deepEqual(running, ["b"]);
  end("b");
  await settle();
  assert.deepEqual(running, ["suspect"]);
  end("suspect");
  await settle();
  assert.deepEqual(running, ["c"]);
});

test("two suspects run one after the other", async () => {
  const { take, running, end } = queue();
  void take("first", true);
  void take("second", true);
  await settle();
  assert.deepEqual(running, ["first"]);
  end("first");
  end("first");
  await settle();
  assert.deepEqual(running, ["second"], "ending a turn twice ends it once");
});

test("a suspect that leaves lets the others go on", async () => {
  const { take, running, end } = queue();
  const leaving = new AbortController();
  void take("a");
  const suspect = take("suspect", true, leaving.signal);
  void take("b");
  await settle();
  assert.deepEqual(running, ["a"]);
  leaving.abort(new Error("gone"));
  await assert.rejects(suspect, /gone/);
  await settle();
  assert.deepEqual(running, ["a", "b"]);
  end("a");
});

test("who has left before gets no turn; who leaves with its turn keeps it until its end", async () => {
  const { take, running, end } = queue();
  await assert.rejects(take("late", false, AbortSignal.abort(new Error("gone"))), /gone/);
  const leaving = new AbortController();
  void take("suspect", true, leaving.signal);
  void take("next");
  await settle();
  leaving.abort(new Error("gone"));
  await settle();
  assert.deepEqual(running, ["suspect"], "its decode may still run");
  end("suspect");
  await settle();
  assert.deepEqual(running, ["next"]);
});
