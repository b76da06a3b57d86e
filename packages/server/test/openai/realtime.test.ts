import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import { chineseGoldens } from "../../../../test/fixtures/chinese-goldens.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { streamingFixtures } from "../../../../test/fixtures/tone-streaming.ts";
import { type Running, startRunning } from "../server/running.ts";
import { alaw8k, connectRealtime, mulaw8k, pcm24k, type RealtimeEvent } from "./realtime-client.ts";

const transcription = "conversation.item.input_audio_transcription";
const completed = `${transcription}.completed`;
const quiet = silentSignal(1);
/** A model that follows the stream, and finds the ends of what is said itself. */
const streaming = streamingFixtures.find(({ family }) => family === "nemo-ctc");
const sung = (letters: string) => streaming?.signal(letters) ?? new Float32Array();
const twoUtterances = pcm24k(joinedSignals(toneSignal("abc"), quiet, toneSignal("fed"), quiet));

const input = (fields: object) => ({ session: { type: "transcription", audio: { input: fields } } });
const manual = input({ turn_detection: null });
const types = (events: readonly RealtimeEvent[]) => events.map(({ type }) => type.replace(transcription, "text"));

suite("realtime sessions", () => {
  let running: Running;
  const ended: (() => unknown)[] = [];
  const connect = (t: TestContext, options?: Parameters<typeof connectRealtime>[2]) =>
    connectRealtime(t, running.server.url, options);

  before(async () => {
    const goldens = chineseGoldens.map(({ engineText }, index) => [
      `golden/${index}`,
      { fake: { text: engineText, languages: ["zh"] } },
    ]);
    running = await startRunning({ after: (end: () => unknown) => ended.push(end) } as never, {
      tone: "tone",
      own: "tone",
      streaming: (directory: string) => streaming?.write(directory),
      "say/hello": { fake: { text: "hello world", languages: ["en"] } },
      "say/nothing": { fake: { text: "", languages: ["en"] } },
      "say/broken": { fake: { text: "x", decode: "throw" } },
      ...Object.fromEntries(goldens),
    });
  });
  after(async () => {
    for (const end of ended) await end();
  });

  test("each utterance that the detector finds is an item, told in the order of OpenAI", async (t) => {
    const client = await connect(t);
    client.append(twoUtterances);
    const first = await client.until(completed);
    const second = await client.until(completed);
    assert.deepEqual([first["transcript"], second["transcript"]], ["abc", "fed"]);
    assert.equal((first["usage"] as { type: string }).type, "duration");
    const ofFirst = client.seen.filter(
      ({ item_id, item }) => (item_id ?? (item as { id?: string })?.id) === first.item_id,
    );
    const told = ["speech_started", "speech_stopped", "committed"].map((name) => `input_audio_buffer.${name}`);
    const items = ["conversation.item.added", "conversation.item.done"];
    const withoutDeltas = types(ofFirst).filter((type) => type !== "text.delta");
    assert.deepEqual(withoutDeltas, [...told, ...items, "text.completed"]);
    const commits = client.seen.filter(({ type }) => type === "input_audio_buffer.committed");
    assert.deepEqual(
      commits.map((event) => event["previous_item_id"]),
      [null, first.item_id],
    );
    const ids = client.seen.map(({ event_id }) => event_id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("deltas joined are the transcript", async (t) => {
    const client = await connect(t);
    client.append(pcm24k(joinedSignals(toneSignal("abcdefghabcdefgh"), quiet)), 960);
    const { transcript, item_id: id } = await client.until(completed);
    const deltas = client.seen.filter(({ type, item_id }) => type === `${transcription}.delta` && item_id === id);
    assert.equal(deltas.map((event) => event["delta"]).join(""), transcript);
  });

  test("without a detector the client says where a turn ends", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    const { session } = await client.until("session.updated");
    assert.equal((session as { audio: { input: object } }).audio.input["turn_detection" as never], null);
    for (const text of ["abc", "fed"]) {
      client.append(pcm24k(toneSignal(text)));
      client.say("input_audio_buffer.commit");
      const { item_id: id } = await client.until("input_audio_buffer.committed");
      const done = await client.until(completed);
      assert.deepEqual([done["transcript"], done.item_id], [text, id]);
    }
    assert.ok(!types(client.seen).some((type) => type.includes("speech")));
  });

  test("an empty commit is an error with the client's own id, and the session goes on", async (t) => {
    const client = await connect(t);
    client.say("input_audio_buffer.commit", { event_id: "mine" });
    const { error } = await client.until("error");
    const { code, event_id, type } = error as Record<string, unknown>;
    assert.deepEqual([code, event_id, type], ["input_audio_buffer_commit_empty", "mine", "invalid_request_error"]);
    client.append(twoUtterances);
    assert.equal((await client.until(completed))["transcript"], "abc");
  });

  test("a commit of silence, and speech in which nothing is heard, are items without text", async (t) => {
    const client = await connect(t);
    client.append(pcm24k(quiet));
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "");
    const other = await connect(t, { query: "?model=say/nothing" });
    other.append(twoUtterances);
    for (let left = 2; left > 0; left -= 1) assert.equal((await other.until(completed))["transcript"], "");
  });

  test("what is cleared is not transcribed", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    client.append(pcm24k(toneSignal("abc")));
    client.say("input_audio_buffer.clear");
    await client.until("input_audio_buffer.cleared");
    client.say("input_audio_buffer.commit");
    await client.until("error");
    client.append(pcm24k(toneSignal("fed")));
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "fed");
  });

  for (const beta of [
    { headers: { "OpenAI-Beta": "realtime=v1" } },
    { protocols: ["realtime", "openai-beta.realtime-v1"] },
  ]) {
    test(`the older form, asked for by ${Object.keys(beta)[0]}`, async (t) => {
      const client = await connect(t, beta);
      const { session } = await client.until("transcription_session.created");
      assert.equal((session as Record<string, unknown>)["input_audio_format"], "pcm16");
      const update = {
        input_audio_transcription: { model: "tone" },
        input_audio_format: "g711_ulaw",
        turn_detection: null,
      };
      client.say("transcription_session.update", { session: update });
      const updated = (await client.until("transcription_session.updated"))["session"] as Record<string, unknown>;
      assert.deepEqual([updated["input_audio_format"], updated["turn_detection"]], ["g711_ulaw", null]);
      client.append(mulaw8k(toneSignal("abc")));
      client.say("input_audio_buffer.commit");
      await client.until("conversation.item.created");
      assert.equal((await client.until(completed))["transcript"], "abc");
    });
  }

  test("the subprotocol realtime is selected, and a key never", async (t) => {
    const key = "openai-insecure-api-key.secret";
    const client = await connect(t, { protocols: ["realtime", key] });
    assert.equal(client.socket.protocol, "realtime");
    const other = await connect(t, { protocols: [key, "realtime"] });
    assert.equal(other.socket.protocol, "realtime");
    await assert.rejects(connect(t, { protocols: [key] }));
  });

  for (const [type, encode] of [
    ["audio/pcmu", mulaw8k],
    ["audio/pcma", alaw8k],
  ] as const) {
    test(`${type} is heard`, async (t) => {
      const client = await connect(t);
      client.say("session.update", input({ format: { type }, turn_detection: null }));
      client.append(encode(toneSignal("ace")));
      client.say("input_audio_buffer.commit");
      assert.equal((await client.until(completed))["transcript"], "ace");
    });
  }

  test("another model, another format and another kind of turn are those of the next turn", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    client.append(pcm24k(toneSignal("abc")));
    client.say("session.update", input({ transcription: { model: "say/hello", language: "en" } }));
    client.say("input_audio_buffer.commit");
    client.append(pcm24k(toneSignal("abc")));
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "abc");
    assert.equal((await client.until(completed))["transcript"], "hello world");
    client.say(
      "session.update",
      input({ transcription: { model: "tone", language: null }, format: { type: "audio/pcmu" } }),
    );
    client.append(mulaw8k(toneSignal("fed")));
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "fed");
    client.say("session.update", input({ format: { type: "audio/pcm" }, turn_detection: { type: "server_vad" } }));
    client.append(twoUtterances);
    const { audio_start_ms: start } = await client.until("input_audio_buffer.speech_started");
    assert.ok(Number(start) > 1500, "times are of the whole session");
    assert.equal((await client.until(completed))["transcript"], "abc");
    assert.equal((await client.until(completed))["transcript"], "fed");
  });

  test("a model that is not there is an error that names what is, and another one can be chosen", async (t) => {
    const client = await connect(t, { query: "?model=none" });
    client.append(twoUtterances);
    const { error } = await client.until("error");
    assert.equal((error as { code: string }).code, "model_not_found");
    assert.match((error as { message: string }).message, /say\/hello/);
    client.say("session.update", input({ transcription: { model: "whisper-1" } }));
    client.append(twoUtterances);
    assert.equal((await client.until(completed))["transcript"], "abc");
    assert.equal(client.seen.filter(({ type }) => type === "error").length, 1);
  });

  test("a recognition that fails fails what waits for it, and the next one is another", async (t) => {
    const client = await connect(t, { query: "?model=say/broken" });
    client.say("session.update", manual);
    client.append(pcm24k(toneSignal("abc")));
    client.say("input_audio_buffer.commit");
    const { item_id: id } = await client.until("input_audio_buffer.committed");
    const failed = await client.until(`${transcription}.failed`);
    assert.equal(failed.item_id, id);
    assert.equal((failed["error"] as { code: string }).code, "decode_failed");
    await client.until("error");
    client.say("session.update", input({ transcription: { model: "tone" } }));
    client.append(pcm24k(toneSignal("fed")));
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "fed");
  });

  test("a model that follows the stream has items too, found by itself or ended by the client", async (t) => {
    const client = await connect(t, { query: "?model=streaming" });
    client.append(pcm24k(joinedSignals(sung("hello"), silentSignal(1.5), sung("fox"), silentSignal(1.5))));
    const [first, second] = [await client.until(completed), await client.until(completed)];
    assert.deepEqual([first["transcript"], second["transcript"]], ["hello", "fox"]);
    const other = await connect(t, { query: "?model=streaming" });
    other.say("session.update", manual);
    for (const text of ["hello", "fox"]) {
      other.append(pcm24k(joinedSignals(sung(text), quiet)));
      other.say("input_audio_buffer.commit");
      assert.equal((await other.until(completed))["transcript"], text);
    }
  });

  test("Chinese is written as it is read", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    for (const [index, { said, text }] of chineseGoldens.entries()) {
      client.say("session.update", input({ transcription: { model: `golden/${index}`, language: "zh" } }));
      client.append(pcm24k(toneSignal("abc")));
      client.say("input_audio_buffer.commit");
      assert.equal((await client.until(completed))["transcript"], text, said);
    }
  });

  test("a session counts as a use when its client leaves, and who leaves in the middle leaves nothing behind", async (t) => {
    const query = "?model=own"; // no other test's sessions count there
    const client = await connect(t, { query });
    client.append(pcm24k(joinedSignals(toneSignal("abc"), quiet)));
    await client.until(completed);
    client.socket.close(1000);
    assert.equal(await usesWhenIdle(running, "own"), 1);
    const leaving = await connect(t, { query });
    leaving.append(pcm24k(toneSignal("abcdefgh", { silenceSeconds: 0 }))); // without the pause that would end it
    await leaving.until("input_audio_buffer.speech_started");
    leaving.socket.terminate();
    assert.equal(await usesWhenIdle(running, "own"), 1);
  });

  test("15 MiB of audio in one message are taken, and more than fits into one ends the connection", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    client.append(new Uint8Array(15 * 1024 * 1024), 15 * 1024 * 1024);
    client.say("input_audio_buffer.commit");
    const { usage } = await client.until(completed);
    assert.equal(Math.round((usage as { seconds: number }).seconds), 328);
    client.socket.send(Buffer.alloc(22 * 1024 * 1024));
    assert.equal((await client.closed()).code, 1009);
  });

  test("a request that does not want a WebSocket is told so in OpenAI's shape", async () => {
    const answer = await running.fetch("/v1/realtime?model=tone");
    assert.equal(answer.status, 426);
    const { error } = (await answer.json()) as { error: { code: string } };
    assert.equal(error.code, "upgrade_required");
  });

  const wrong: readonly (readonly [name: string, message: string | Buffer, code: string, param: string | null])[] = [
    ["no JSON", "hello", "message_invalid", null],
    ["a list", "[]", "message_invalid", null],
    ["no type", '{"session":{}}', "message_invalid", null],
    ["a type of a number", '{"type":1}', "message_invalid", null],
    ["a type that nobody knows", '{"type":"response.create"}', "message_invalid", null],
    ["bytes", Buffer.from([1, 2, 3]), "message_invalid", null],
    ["millions of brackets", `{"type":"x","a":${"[".repeat(2_000_000)}`, "message_invalid", null],
    ["audio of a number", '{"type":"input_audio_buffer.append","audio":1}', "option_invalid", "audio"],
    ["audio that is no base64", '{"type":"input_audio_buffer.append","audio":"äöü"}', "option_invalid", "audio"],
    ["no session", '{"type":"session.update"}', "option_invalid", "session"],
    [
      "a format that nobody knows",
      JSON.stringify({ type: "session.update", ...input({ format: { type: "audio/opus" } }) }),
      "option_invalid",
      "session.audio.input.format.type",
    ],
    [
      "a rate of nothing",
      JSON.stringify({ type: "session.update", ...input({ format: { type: "audio/pcm", rate: 0 } }) }),
      "option_invalid",
      "session.audio.input.format.rate",
    ],
    [
      "a detector of meaning",
      JSON.stringify({ type: "session.update", ...input({ turn_detection: { type: "semantic_vad" } }) }),
      "option_invalid",
      "session.audio.input.turn_detection.type",
    ],
    [
      "a threshold above one",
      JSON.stringify({ type: "session.update", ...input({ turn_detection: { threshold: 2 } }) }),
      "option_invalid",
      "session.audio.input.turn_detection.threshold",
    ],
    [
      "a model of a number",
      JSON.stringify({ type: "session.update", ...input({ transcription: { model: 1 } }) }),
      "option_invalid",
      "session.audio.input.transcription.model",
    ],
    [
      "logprobs",
      '{"type":"session.update","session":{"include":["item.input_audio_transcription.logprobs"]}}',
      "option_invalid",
      "session.include",
    ],
    [
      "misspelt",
      '{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"silence_duraton_ms":200}}}}}',
      "option_unknown",
      "session.audio.input.turn_detection.silence_duraton_ms",
    ],
    [
      "misspelt, in the older form",
      '{"type":"session.update","session":{"input_audio_transcription":{"langauge":"en"}}}',
      "option_unknown",
      "session.input_audio_transcription.langauge",
    ],
  ];
  test("what is wrong is an error that names the field, and changes nothing", async (t) => {
    const client = await connect(t);
    const { session } = await client.until("session.created");
    for (const [name, message, code, param] of wrong) {
      client.socket.send(message);
      const { error } = (await client.until("error")) as unknown as { error: Record<string, unknown> };
      assert.deepEqual([error["code"], error["param"]], [code, param], name);
    }
    client.say("session.update", { session: {} });
    assert.deepEqual((await client.until("session.updated"))["session"], session);
    client.append(twoUtterances);
    assert.equal((await client.until(completed))["transcript"], "abc");
  });

  test("fields of newer clients are passed over", async (t) => {
    const client = await connect(t);
    const detection = { type: "server_vad", patience: 1, create_response: false };
    const transcriptions = { languages: ["en"], formats: [] };
    client.say("session.update", input({ turn_detection: detection, transcription: transcriptions, echo: true }));
    client.say("session.update", { session: { type: "transcription", whatever: {} } });
    await client.until("session.updated");
    await client.until("session.updated");
    assert.ok(client.seen.every(({ type }) => type !== "error"));
  });

  test("what was of no effect is said beside the text", async (t) => {
    const client = await connect(t);
    client.say("session.update", { session: { audio: { input: { transcription: { prompt: "letters" } } } } });
    client.append(twoUtterances);
    const [first, second] = [await client.until(completed), await client.until(completed)];
    const [warning] = first["warnings"] as { reason: string; message: string }[];
    assert.equal(warning?.reason, "hints_unused");
    assert.match(warning?.message ?? "", /prompt/);
    assert.equal(second["warnings"], undefined);
  });

  test("thousands of updates and tiny messages are taken in order", async (t) => {
    const client = await connect(t);
    client.say("session.update", manual);
    for (let turn = 0; turn < 1000; turn += 1) client.say("session.update", { session: {} });
    client.append(pcm24k(toneSignal("abc")), 15);
    client.say("input_audio_buffer.commit");
    assert.equal((await client.until(completed))["transcript"], "abc");
  });
});

/** How often a model was used, once nothing uses it. */
async function usesWhenIdle({ client, modelPath }: Running, id: string): Promise<number> {
  for (;;) {
    const list = await client.listModels();
    assert.ok(list.success);
    const entry = list.models[modelPath(id)];
    if ((entry?.sessions ?? 0) === 0) return entry?.usage_count ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
