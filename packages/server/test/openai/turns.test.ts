import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { LiveOutput } from "../../dist/api/types.js";
import { AutoTurns } from "../../dist/gateway/openai/realtime/auto-turns.js";
import { Conversation, type ServerEvent } from "../../dist/gateway/openai/realtime/conversation.js";
import { ManualTurns } from "../../dist/gateway/openai/realtime/manual-turns.js";
import type { Turns } from "../../dist/gateway/openai/realtime/turns.js";

const started = (at: number): LiveOutput => ({ type: "speech_started", at });
const stopped = (at: number): LiveOutput => ({ type: "speech_ended", at });
const partial = (start: number, stable: string, text = `${stable} and more`): LiveOutput => ({
  type: "partial",
  segment_id: 0,
  start,
  text,
  stable,
});
const final = (start: number, end: number, text: string): LiveOutput => ({
  type: "final",
  segment: { id: 0, start, end, text },
});
const finalized: LiveOutput = { type: "finalized" };
const over = (duration: number): LiveOutput => ({ type: "ended", duration, segments: 0 });

/** What happens to turns: something is recognised, or the client says something. */
type Step = LiveOutput | "commit" | "clear" | "fail" | number;

function conversation(): Conversation {
  let count = 0;
  return new Conversation("current", () => String.fromCharCode(96 + ++count));
}

const failure = { message: "it broke", type: "server_error", param: null, code: "host_crashed" };

/** Events in short: what happened, to which item, and its text. */
function run(turns: Turns, steps: readonly Step[], offsetMs = 0): string[] {
  return steps
    .flatMap((step) => {
      if (typeof step === "number") turns.hear(step);
      else if (step === "clear") turns.clear();
      else if (step === "commit") return turns.commit();
      else if (step === "fail") return turns.fail(failure);
      else return turns.take(step, offsetMs);
      return [];
    })
    .filter(({ type }) => !type.startsWith("conversation.item.added") && !type.startsWith("conversation.item.done"))
    .map(short);
}

function short(event: ServerEvent): string {
  const { type, item_id: id, audio_start_ms: start, audio_end_ms: end, delta, transcript, previous_item_id } = event;
  const name = type.split(".").at(-1);
  const about = [start, end, delta, transcript, name === "committed" ? previous_item_id : undefined];
  return [name, id, ...about.filter((one) => one !== undefined)].join(" ");
}

suite("turns that the detector finds", () => {
  const one = ["speech_started a 100", "speech_stopped a 900", "committed a "];
  const cases: readonly (readonly [name: string, steps: readonly Step[], expected: readonly string[]])[] = [
    [
      "one is told at once, and complete with its final",
      [started(0.1), stopped(0.9), final(0.1, 0.9, "hi")],
      [...one, "delta a hi", "completed a hi"],
    ],
    [
      "the final may come before the end of speech is told",
      [started(0.1), final(0.1, 0.85, "hi"), stopped(0.9)],
      ["speech_started a 100", "delta a hi", "speech_stopped a 900", "committed a ", "completed a hi"],
    ],
    [
      "stable text alone is sent, and only what is new of it",
      [
        started(0.1),
        partial(0.1, "good"),
        partial(0.1, "good"),
        partial(0.1, "good mor"),
        stopped(0.9),
        final(0.1, 0.9, "good morning"),
      ],
      [
        "speech_started a 100",
        "delta a good",
        "delta a  mor",
        ...one.slice(1),
        "delta a ning",
        "completed a good morning",
      ],
    ],
    [
      "a final that is not what was stable is told whole, and nothing is taken back",
      [started(0.1), partial(0.1, "good"), stopped(0.9), final(0.1, 0.9, "Good, morning")],
      ["speech_started a 100", "delta a good", ...one.slice(1), "completed a Good, morning"],
    ],
    [
      "two are recognised one after the other, though the second begins before the first has its text",
      [started(0.1), stopped(0.9), started(2), final(0.1, 0.9, "a"), partial(2, "b"), stopped(3), final(2, 3, "b c")],
      [
        ...one,
        "speech_started b 2000",
        "delta a a",
        "completed a a",
        "delta b b",
        "speech_stopped b 3000",
        "committed b a",
        "delta b  c",
        "completed b b c",
      ],
    ],
    [
      "long speech in several segments is one item",
      [started(0), final(0, 20, "first part"), partial(20, "second"), stopped(30), final(20, 30, "second part")],
      [
        "speech_started a 0",
        "delta a first part",
        "delta a  second",
        "speech_stopped a 30000",
        "committed a ",
        "delta a  part",
        "completed a first part second part",
      ],
    ],
    [
      "one in which nothing was said is complete without text, when that is known",
      [started(0.1), stopped(0.9), partial(0.1, "", "")],
      [...one, "completed a "],
    ],
    [
      "or when something behind it is recognised",
      [started(0.1), stopped(0.9), started(2), partial(2, "b")],
      [...one, "speech_started b 2000", "completed a ", "delta b b"],
    ],
    ["or when all is over", [started(0.1), stopped(0.9), over(4)], [...one, "completed a "]],
    [
      "speech under way when all is over ends there",
      [started(0.1), final(0.1, 0.8, "hi"), over(0.9)],
      ["speech_started a 100", "delta a hi", "speech_stopped a 900", "committed a ", "completed a hi"],
    ],
    [
      "words of which no beginning was told are not lost",
      [final(0.1, 0.9, "hi")],
      ["committed a ", "delta a hi", "completed a hi"],
    ],
    [
      "a commit ends the speech under way",
      [1000, started(0.1), "commit", stopped(0.9), final(0.1, 0.9, "hi"), finalized],
      [...one, "delta a hi", "completed a hi"],
    ],
    [
      "a commit of silence is an item without text",
      [1000, "commit", finalized, 1000, "commit", finalized],
      ["committed a ", "completed a ", "committed b a", "completed b "],
    ],
    [
      "a commit completes nothing that was said after it",
      [1000, "commit", 2000, started(1.5), stopped(2.5), finalized, final(1.5, 2.5, "hi")],
      [
        "speech_started a 1500",
        "speech_stopped a 2500",
        "committed a ",
        "committed b a",
        "completed b ",
        "delta a hi",
        "completed a hi",
      ],
    ],
    [
      "cleared speech is told no more, and what was said before and after it is",
      [
        1000,
        started(0.1),
        stopped(0.9),
        1000,
        started(1.5),
        "clear",
        final(0.1, 0.9, "first"),
        stopped(2),
        final(1.5, 2, "second"),
        finalized,
        1000,
        started(2.5),
        stopped(2.9),
        final(2.5, 2.9, "third"),
      ],
      [
        ...one,
        "speech_started b 1500",
        "delta a first",
        "completed a first",
        "speech_started c 2500",
        "speech_stopped c 2900",
        "committed c a",
        "delta c third",
        "completed c third",
      ],
    ],
    [
      "speech that was cleared before its beginning was known is never told",
      [1000, "clear", started(0.5), stopped(0.9), final(0.5, 0.9, "x"), final(0.95, 0.97, "y"), finalized],
      [],
    ],
    [
      "what waits fails with the recognition, and speech under way is forgotten",
      [started(0.1), stopped(0.9), started(2), "fail", started(3), stopped(4), final(3, 4, "c")],
      [
        ...one,
        "speech_started b 2000",
        "failed a",
        "speech_started c 3000",
        "speech_stopped c 4000",
        "committed c a",
        "delta c c",
        "completed c c",
      ],
    ],
    ["what else is told is not", [{ type: "warning", reason: "x", message: "y" }], []],
  ];
  for (const [name, steps, expected] of cases) {
    test(name, () => assert.deepEqual(run(new AutoTurns(conversation(), 0), steps), expected));
  }

  test("times are of the whole session, and the length is that of the speech", () => {
    const turns = new AutoTurns(conversation(), 5000);
    const events = [started(0.1), stopped(0.9), final(0.1, 0.9, "hi")].flatMap((step) => turns.take(step, 5000));
    assert.equal(events[0]?.["audio_start_ms"], 5100);
    assert.equal(events[1]?.["audio_end_ms"], 5900);
    assert.deepEqual(events.at(-1)?.["usage"], { type: "duration", seconds: 0.8 });
  });
});

suite("turns that the client ends", () => {
  const cases: readonly (readonly [name: string, steps: readonly Step[], expected: readonly string[]])[] = [
    [
      "all before a commit is one item",
      [1000, partial(0, "a"), final(0, 1, "a b"), final(2, 3, "c"), "commit", finalized],
      ["delta a a", "delta a  b", "delta a  c", "committed a ", "completed a a b c"],
    ],
    [
      "what is recognised after a commit is of what was before it, until that is final",
      [1000, "commit", 1000, final(0, 1, "a"), finalized, final(1, 2, "b"), "commit", finalized],
      ["committed a ", "delta a a", "completed a a", "delta b b", "committed b a", "completed b b"],
    ],
    [
      "cleared audio is told no more",
      [1000, final(0, 1, "x"), "clear", final(1, 2, "y"), finalized, 1000, final(2, 3, "z"), "commit", finalized],
      ["delta a x", "delta b z", "committed b ", "completed b z"],
    ],
    [
      "what waits fails with the recognition",
      [1000, "commit", 1000, "commit", "fail", 1000, final(0, 1, "c"), "commit", finalized],
      ["committed a ", "committed b a", "failed a", "failed b", "delta d c", "committed d b", "completed d c"],
    ],
    ["speech is not told of", [started(0), stopped(1)], []],
    ["an answer to nothing is nothing", [finalized, over(1)], []],
  ];
  for (const [name, steps, expected] of cases) {
    test(name, () => assert.deepEqual(run(new ManualTurns(conversation()), steps), expected));
  }

  test("its length is that of the audio", () => {
    const turns = new ManualTurns(conversation());
    turns.hear(1200);
    turns.commit();
    assert.deepEqual(turns.take(finalized)[0]?.["usage"], { type: "duration", seconds: 1.2 });
  });
});

test("the older form tells of an item once, by another name", () => {
  assert.deepEqual(types("current"), ["input_audio_buffer.committed", "item.added", "item.done"]);
  assert.deepEqual(types("beta"), ["input_audio_buffer.committed", "item.created"]);
});

function types(form: "current" | "beta"): string[] {
  const events = new Conversation(form, () => "a").committed("a");
  return events.map(({ type }) => type.replace("conversation.", ""));
}
