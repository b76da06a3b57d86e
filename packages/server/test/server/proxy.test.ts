import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { Agent, fetch as fetchThrough } from "undici";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { ownerSocketPath } from "../../dist/base/owner-socket-path.js";
import { collect, finalsOf, openSession } from "../sdk/sessions.ts";
import { heardLog } from "./certificates.ts";
import { startReverseProxy } from "./reverse-proxy.ts";
import { startRunning, toneWav } from "./running.ts";

const clientAddress = "198.51.100.7";

/** The status of a handshake with vosk-server's port. */
function dialled(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers }).on("error", () => undefined);
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
    socket.once("open", () => socket.close());
  });
}

suite("a server behind a reverse proxy", () => {
  test("below a path, whether or not the proxy takes it off, everything works", async (t) => {
    const { server } = await startRunning(
      t,
      { cn: "tone" },
      { "http.base_path": "/speech/", "proxy.trusted": ["127.0.0.1"] },
    );
    const target = server.url;
    for (const [name, strip] of [
      ["kept", ""],
      ["taken off", "/speech"],
    ] as const) {
      const origin = await startReverseProxy(t, { target, clientAddress, strip });
      const url = `${origin}/speech`;
      await t.test(`path ${name}: recordings, and live sessions`, async (sub) => {
        const client = new ModelAPIClient(`${url}/api`, { retry: false });
        const said = await client.transcribe(toneWav("abc"));
        assert.equal(said.success && said.text, "abc");
        const session = await openSession(sub, `${url}/api`, { retry: false });
        const events = collect(session);
        await session.write(pcmBytes(joinedSignals(toneSignal("de"), silentSignal(0.6))));
        assert.equal((await session.end()).success, true);
        assert.deepEqual(finalsOf(await events), ["de"]);
        const form = new FormData();
        form.set("file", new Blob([toneWav("cab")]), "a.wav");
        form.set("model", "cn");
        const answer = await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form });
        assert.equal(((await answer.json()) as { text: string }).text, "cab");
      });

      await t.test(`path ${name}: documents lead to what is there`, async () => {
        const root = (await (await fetch(`${url}/`)).json()) as Record<string, string>;
        for (const path of [root["docs"], root["openapi"], root["health"]]) {
          assert.match(path ?? "", /^\/speech\//);
          assert.equal((await fetch(`${origin}${path}`)).status, 200, path);
        }
        const document = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: unknown; paths: object };
        assert.deepEqual(document.servers, [{ url: "/speech" }]);
        assert.ok("/api/health" in document.paths);
        for (const page of [`${url}/docs`, `${url}/docs/`, `${url}/docs/static/index.html`]) {
          const answer = await fetch(page);
          const html = await answer.text();
          const files = Array.from(
            html.matchAll(/(?:src|href)="([^"]+)"/g),
            ([, file]) => new URL(file ?? "", answer.url),
          );
          assert.ok(files.length >= 5, page);
          for (const file of files) assert.equal((await fetch(file)).status, 200, `${page}: ${file.href}`);
        }
      });
    }

    await t.test("directly it is there with and without; what only begins so is not", async () => {
      for (const [path, status] of [
        ["/livez", 200],
        ["/speech/livez", 200],
        ["/speech", 200],
        ["/speech?x", 200],
        ["/speechlivez", 404],
        ["/speech/speech/livez", 404],
        ["/other/livez", 404],
      ] as const) {
        assert.equal((await fetch(`${target}${path}`)).status, status, path);
      }
    });
  });

  test("holds, logs and allowed addresses are those of the client, whatever it writes of itself", async (t) => {
    const { log, lines, until } = heardLog();
    const voskPort = await freePort();
    const {
      server,
      modelPath,
      fetch: direct,
    } = await startRunning(
      t,
      { cn: "tone" },
      { "proxy.trusted": ["127.0.0.0/8"], "vosk.port": voskPort, "vosk.allow": [clientAddress] },
      { log },
    );
    const origin = await startReverseProxy(t, { target: server.url, clientAddress });
    const spoof = { "x-forwarded-for": "203.0.113.66, 127.0.0.1", "x-forwarded-host": "evil.example" };
    const headers = { "content-type": "application/json", ...spoof };
    const body = JSON.stringify({ model_path: "cn" });
    const loaded = await fetch(`${origin}/api/models/load`, { method: "POST", headers, body });
    assert.equal(loaded.status, 200);
    assert.match(JSON.stringify(await loaded.json()), new RegExp(clientAddress.replaceAll(".", "\\.")));
    const models = JSON.stringify(await (await direct(`/api/models/status/${modelPath("cn")}`)).json());
    assert.ok(models.includes(clientAddress) && !models.includes("203.0.113.66"), models);
    const line = lines.find(({ fields }) => fields["route"] === "/api/models/load");
    assert.equal(line?.fields["address"], clientAddress);

    const voskOrigin = await startReverseProxy(t, { target: `http://127.0.0.1:${voskPort}`, clientAddress });
    assert.equal(await dialled(voskOrigin.replace("http", "ws"), spoof), 101);
    // The owner comes by a socket, which no proxy uses.
    const owner = new Agent({ connect: { socketPath: ownerSocketPath(server.stateDir) } });
    t.after(() => owner.close());
    const logged = until("request");
    const asked = await fetchThrough("http://owner/api/models/stats", { dispatcher: owner, headers: spoof });
    assert.equal(asked.status, 200);
    assert.equal((await logged).fields["address"], undefined);
    // The proxy itself is not allowed.
    assert.equal(await dialled(`ws://127.0.0.1:${voskPort}`), 403);
  });

  test("what strangers say of others counts for nothing", async (t) => {
    const { log, lines, until } = heardLog();
    const voskPort = await freePort();
    const { server } = await startRunning(
      t,
      { cn: "tone" },
      { "proxy.trusted": ["192.0.2.1"], "vosk.port": voskPort, "vosk.allow": [clientAddress] },
      { log },
    );
    const origin = await startReverseProxy(t, { target: server.url, clientAddress });
    const logged = until("request");
    await fetch(`${origin}/api/models`);
    await logged;
    const addresses = lines.flatMap(({ fields }) => (fields["route"] === "/api/models" ? [fields["address"]] : []));
    assert.deepEqual(addresses, ["127.0.0.1"]);
    assert.equal(await dialled(`ws://127.0.0.1:${voskPort}`, { "x-forwarded-for": clientAddress }), 403);
  });

  test("does not start with a path or a proxy that cannot be one", async (t) => {
    await assert.rejects(startRunning(t, {}, { "http.base_path": "/api/speech" }), /http\.base_path.*\/api/s);
    await assert.rejects(startRunning(t, {}, { "http.base_path": "speech" }), /http\.base_path.*no path/s);
    await assert.rejects(startRunning(t, {}, { "proxy.trusted": ["nginx"] }), /proxy\.trusted.*nginx is no address/s);
  });
});
