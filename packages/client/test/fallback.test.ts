import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import {
  type FallbackOptions,
  httpTransport,
  ModelAPIClient,
  type ServedByChange,
  type Transport,
} from "../dist/node.js";
import { beginEvents, bodyOf, deadUrl, sendJson, signalled, startRawServer } from "./support/server.ts";
import { type Service, startService } from "./support/service.ts";
import { busy, collect, done, entries, health, running, soon, wav } from "./support/wire.ts";

const bytes = wav(50_000);

/** Answers every call; a recognition only if the whole recording arrived. */
const answerAll: RequestListener = async (request, response) => {
  const { length } = await bodyOf(request);
  if (!request.url?.includes("/transcribe")) return sendJson(response, 200, health);
  if (length !== bytes.length) return sendJson(response, 400, { success: false, message: `${length} bytes` });
  if (request.url.includes("text")) return void response.writeHead(200, { "content-type": "text/plain" }).end("你好");
  const send = beginEvents(response);
  for (const event of [...running, done]) send(event);
  response.end();
};

/** Fails as browsers do: without a word of why. */
const fetch = () => Promise.reject(new TypeError("Failed to fetch"));

interface Watched {
  readonly options: FallbackOptions;
  /** What the fallback was asked. */
  readonly service: Service;
  readonly changes: ServedByChange[];
  opened: number;
  closed: number;
}

/** A fallback that is a second real service, and what the client does with it. */
async function watched(t: TestContext, more: Partial<FallbackOptions> = {}, handler = answerAll): Promise<Watched> {
  const service = await startService(t, handler);
  const changes: ServedByChange[] = [];
  const self: Watched = {
    service,
    changes,
    opened: 0,
    closed: 0,
    options: {
      async open() {
        self.opened++;
        return { ...httpTransport(service.url), close: async () => void self.closed++ };
      },
      probeEveryMs: 0,
      onChange: (change) => changes.push(change),
      ...more,
    },
  };
  return self;
}

for (const [name, Client] of entries) {
  test(`${name}: while the service answers, the fallback is not even opened`, async (t) => {
    const service = await startService(t, answerAll);
    const fallback = await watched(t);
    const client = new Client(service.url, { fallback: fallback.options });
    t.after(() => client.close());
    const results = [await client.checkHealth(), await client.transcribe(bytes)];
    assert.deepEqual(
      results.map((result) => result.answered_by),
      ["service", "service"],
    );
    assert.deepEqual([fallback.opened, fallback.changes], [0, []]);
  });

  test(`${name}: a service that cannot be reached is replaced by the fallback, which is opened once`, async (t) => {
    const fallback = await watched(t);
    const client = new Client(await deadUrl(), { fallback: fallback.options, retry: false });
    t.after(() => client.close());
    const results = await Promise.all([client.checkHealth(), client.loadModel("cn"), client.transcribe(bytes)]);
    assert.deepEqual(
      results.map(({ success, answered_by }) => [success, answered_by]),
      Array.from({ length: 3 }, () => [true, "fallback"]),
    );
    assert.equal(fallback.opened, 1);
    assert.equal(fallback.changes.length, 1);
    assert.equal(fallback.changes[0]?.servedBy, "fallback");
    assert.match(fallback.changes[0]?.detail ?? "", /ECONNREFUSED/);
  });
}

test("a function alone is a fallback too, and text results say who served", async (t) => {
  const other = await startService(t, answerAll);
  const client = new ModelAPIClient(await deadUrl(), { fallback: () => httpTransport(other.url) });
  t.after(() => client.close());
  const result = await client.transcribe(bytes, { response_format: "text" });
  assert.deepEqual(result, { success: true, response_format: "text", text: "你好", answered_by: "fallback" });
});

test("without a fallback results are the bodies of the wire and nothing more", async (t) => {
  const service = await startService(t, answerAll);
  assert.deepEqual(await new ModelAPIClient(service.url).checkHealth(), health);
});

test("what a living service answers is no reason to leave it", async (t) => {
  const answers = [
    [503, busy],
    [500, { success: false, message: "Sorry.", reason: "internal", retryable: true }],
    [404, { success: false, message: "Not here.", reason: "model_not_loaded", retryable: false }],
    [200, { hello: "I am another program" }],
  ] as const;
  for (const [status, body] of answers) {
    const service = await startService(t, (_, response) => sendJson(response, status, body));
    const fallback = await watched(t);
    const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: false });
    t.after(() => client.close());
    const result = await client.listModels();
    assert.deepEqual(
      [result.success, result.answered_by, fallback.opened],
      [false, "service", 0],
      JSON.stringify(body),
    );
  }
});

test("a host without a name in DNS is away", async (t) => {
  const fallback = await watched(t);
  const client = new ModelAPIClient("http://nowhere.invalid:5000/api", { fallback: fallback.options });
  t.after(() => client.close());
  assert.equal((await client.checkHealth()).answered_by, "fallback");
});

test("the client returns to the service once that is back, and leaves it again", async (t) => {
  const service = await startService(t, answerAll);
  const fallback = await watched(t, { closeAfterMs: 2 ** 30 });
  const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: soon });
  t.after(() => client.close());
  const served = async () => (await client.checkHealth()).answered_by;
  const all = [await served()];
  for (let round = 0; round < 2; round++) {
    await service.goAway();
    all.push(await served(), await served());
    await service.comeBack();
    all.push(await served(), await served());
  }
  const round = ["fallback", "fallback", "service", "service"];
  assert.deepEqual(all, ["service", ...round, ...round]);
  assert.deepEqual(
    fallback.changes.map(({ servedBy }) => servedBy),
    ["fallback", "service", "fallback", "service"],
  );
  assert.equal(fallback.opened, 1, "it was still open the second time");
});

test("the service is not looked for more often than was asked", async (t) => {
  const service = await startService(t, answerAll);
  await service.goAway();
  const fallback = await watched(t, { probeEveryMs: 2 ** 30 });
  const client = new ModelAPIClient(service.url, { fallback: fallback.options });
  t.after(() => client.close());
  await client.checkHealth();
  await service.comeBack();
  assert.equal((await client.checkHealth()).answered_by, "fallback");
  assert.deepEqual(service.asked, []);
});

test("another program at the service's address is not the service", async (t) => {
  let isService = false;
  const service = await startService(t, (request, response) => {
    if (isService) return answerAll(request, response);
    return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>It works!</h1>");
  });
  await service.goAway();
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options });
  t.after(() => client.close());
  await client.checkHealth();
  await service.comeBack();
  assert.equal((await client.listModels()).answered_by, "fallback");
  assert.deepEqual(service.asked, ["GET /api/health"]);
  isService = true;
  assert.equal((await client.listModels()).answered_by, "service");
});

test("a service that takes connections and says nothing holds nobody up while it is looked for", async (t) => {
  const heard = signalled();
  const silent = await startRawServer(t, () => heard.resolve());
  let target = await deadUrl();
  const service: Transport = { target, send: (request) => httpTransport(target).send(request) };
  const fallback = await watched(t);
  const client = new ModelAPIClient(undefined, { transport: service, fallback: fallback.options });
  t.after(() => client.close());
  await client.checkHealth();
  target = silent;
  assert.equal((await client.checkHealth()).answered_by, "fallback");
  await heard.promise;
});

test("a recording that can be read once reaches the fallback whole when the service never saw it", async (t) => {
  const fallback = await watched(t);
  const client = new ModelAPIClient(await deadUrl(), { fallback: fallback.options });
  t.after(() => client.close());
  let released = false;
  async function* pieces() {
    try {
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
    } finally {
      released = true;
    }
  }
  const result = await client.transcribe(pieces());
  assert.deepEqual([result.success, result.answered_by, released], [true, "fallback", true]);
});

test("a recording that is larger than what is kept of it arrives whole at a service that listens", async (t) => {
  const large = 5_000_000;
  const service = await startService(t, async (request, response) => {
    sendJson(response, 200, { ...done.transcript, text: String((await bodyOf(request)).length) });
  });
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options });
  t.after(() => client.close());
  async function* pieces() {
    for (let at = 0; at < large; at += 50_000) yield new Uint8Array(50_000);
  }
  const result = await client.transcribe(pieces());
  assert.deepEqual(result, { ...done.transcript, text: String(large), answered_by: "service" });
});

test("a recognition that is cut off before its first event is made by the fallback instead", async (t) => {
  const service = await startService(t, async (request) => {
    await bodyOf(request);
    await service.goAway();
  });
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: soon });
  t.after(() => client.close());
  const result = await client.transcribe(new Blob([bytes]));
  assert.deepEqual([result.success, result.answered_by], [true, "fallback"]);
  assert.match(service.asked.join(), /^POST \/api\/transcribe\?client_id=[^&]+&stream=true$/);
});

test("a recognition whose events have begun is never moved, and the next one is served", async (t) => {
  const service = await startService(t, async (request, response) => {
    await bodyOf(request);
    beginEvents(response)(running[0] ?? assert.fail());
  });
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: soon });
  t.after(() => client.close());
  const events: string[] = [];
  for await (const event of client.transcribeEvents(bytes)) {
    events.push(event.type === "error" ? event.failure.reason : event.type);
    if (event.type === "progress") await service.goAway();
  }
  assert.deepEqual(events, ["progress", "connection_lost"]);
  assert.equal(fallback.opened, 0);
  const next = await collect(client.transcribeEvents(bytes));
  const last = next.at(-1);
  assert.equal(last?.type === "done" && last.transcript.answered_by, "fallback");
});

test("an unload that may have arrived is sent to nobody again", async (t) => {
  const service = await startService(t, async (request) => {
    await bodyOf(request);
    await service.goAway();
  });
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: soon });
  t.after(() => client.close());
  const result = await client.unloadModel("cn");
  assert.deepEqual([result.success, !result.success && result.reason], [false, "connection_lost"]);
  assert.deepEqual([service.asked, fallback.service.asked], [["POST /api/models/unload"], []]);
});

test("without retries a lost connection is a failure, and the next call goes to the fallback", async (t) => {
  const service = await startService(t, () => void service.goAway());
  const fallback = await watched(t);
  const client = new ModelAPIClient(service.url, { fallback: fallback.options, retry: false });
  t.after(() => client.close());
  const lost = await client.listModels();
  assert.equal(!lost.success && lost.reason, "connection_lost");
  assert.equal((await client.listModels()).answered_by, "fallback");
});

test("an unclear failure of the network is not moved, only sent again where that does no harm", async (t) => {
  const fallback = await watched(t);
  const client = new ModelAPIClient(undefined, { fetch, fallback: fallback.options, retry: soon });
  t.after(() => client.close());
  const unload = await client.unloadModel("cn");
  assert.equal(!unload.success && unload.reason, "server_unreachable");
  assert.deepEqual(fallback.service.asked, []);
  const other = new ModelAPIClient(undefined, { fetch, fallback: fallback.options, retry: soon });
  t.after(() => other.close());
  assert.equal((await other.transcribe(bytes)).answered_by, "fallback");
});

test("with the service back, the fallback ends once the last of its requests has", async (t) => {
  const service = await startService(t, answerAll);
  await service.goAway();
  const begun = signalled<(event: { type: string }) => void>();
  const closed = signalled();
  const slow: RequestListener = async (request, response) => {
    await bodyOf(request);
    const send = beginEvents(response);
    send(running[0] ?? assert.fail());
    begun.resolve(send);
  };
  const fallback = await watched(t, { closeAfterMs: 0 }, slow);
  const open = async () => ({ ...httpTransport(fallback.service.url), close: async () => closed.resolve() });
  const client = new ModelAPIClient(service.url, { fallback: { ...fallback.options, open } });
  t.after(() => client.close());
  const events = client.transcribeEvents(bytes);
  assert.equal((await events.next()).value?.type, "progress");
  await service.comeBack();
  assert.equal((await client.checkHealth()).answered_by, "service");
  // The rest of the recognition still comes from the fallback, which would be closed by now if it were idle.
  (await begun.promise)(done);
  const last = (await events.next()).value;
  assert.equal(last?.type === "done" && last.transcript.answered_by, "fallback");
  await events.return();
  await closed.promise;
});

test("a fallback that was closed is opened anew when it is needed again", async (t) => {
  const service = await startService(t, answerAll);
  const closed = signalled();
  const fallback = await watched(t, { closeAfterMs: 0 });
  const open = async () => {
    const transport = await fallback.options.open();
    return { ...transport, close: async () => closed.resolve() };
  };
  const client = new ModelAPIClient(service.url, { fallback: { ...fallback.options, open }, retry: soon });
  t.after(() => client.close());
  await service.goAway();
  await client.checkHealth();
  await service.comeBack();
  await client.checkHealth();
  await closed.promise;
  await service.goAway();
  assert.equal((await client.checkHealth()).answered_by, "fallback");
  assert.equal(fallback.opened, 2);
});

test("a fallback that cannot be opened is said beside the failure, tried once, and keeps nobody from the service", async (t) => {
  const service = await startService(t, answerAll);
  await service.goAway();
  let opened = 0;
  const changes: ServedByChange[] = [];
  const open = () => {
    opened++;
    throw new Error("no such package");
  };
  const fallback = { open, onChange: (change: ServedByChange) => changes.push(change) };
  const client = new ModelAPIClient(service.url, { fallback, retry: false });
  t.after(() => client.close());
  for (let n = 0; n < 2; n++) {
    const result = await client.checkHealth();
    assert.equal(!result.success && result.reason, "server_unreachable");
    assert.match(result.success ? "" : result.error_message, /ECONNREFUSED.*could not be opened: no such package/);
  }
  await service.comeBack();
  assert.equal((await client.checkHealth()).answered_by, "service");
  assert.deepEqual([opened, changes], [1, []]);
});

test("close() cancels calls, closes the fallback, and later calls say that they were cancelled", async (t) => {
  const arrived = signalled();
  const fallback = await watched(t, {}, () => arrived.resolve());
  const client = new ModelAPIClient(await deadUrl(), { fallback: fallback.options });
  const call = client.loadModel("cn");
  await arrived.promise;
  await Promise.all([client.close(), client.close()]);
  const results = [await call, await client.checkHealth()];
  for (const result of results) assert.equal(!result.success && result.reason, "request_cancelled");
  assert.deepEqual([fallback.opened, fallback.closed], [1, 1]);
});

test("close() leaves a transport alone that the application made", async (t) => {
  const service = await startService(t, answerAll);
  let closed = 0;
  const transport = { ...httpTransport(service.url), close: async () => void closed++ };
  const client = new ModelAPIClient(undefined, { transport });
  assert.equal((await client.checkHealth()).success, true);
  await client.close();
  assert.equal(closed, 0);
});

test("a fallback of the wrong form is a TypeError", () => {
  for (const [fallback, message] of [
    [{}, /fallback must be a function/],
    [null, /fallback must be a function/],
    ["local", /fallback must be a function/],
    [{ open: httpTransport, probeEveryMs: -1 }, /fallback\.probeEveryMs/],
    [{ open: httpTransport, closeAfterMs: 2 ** 31 }, /fallback\.closeAfterMs/],
    [{ open: httpTransport, onChange: 1 }, /fallback\.onChange/],
  ] as const) {
    assert.throws(() => new ModelAPIClient(undefined, { fallback: fallback as never }), message);
  }
});
