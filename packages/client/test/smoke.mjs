// Run by package.test.ts with the oldest Node that the client supports, which cannot run the TypeScript tests.
// Arguments: base URL of a test server, path of a recording, a URL at which nobody listens. Prints what it got as JSON, nothing else.
import { readFile } from "node:fs/promises";
import { ModelAPIClient } from "@voxpool/client";

const [url, path, deadUrl] = process.argv.slice(2);
const client = new ModelAPIClient(url, { retry: { baseMs: 1 } });
const events = [];
const cancelled = new AbortController();
cancelled.abort();
const results = {
  health: await client.checkHealth(),
  load: await client.loadModel("model/cn"),
  fromPath: await client.transcribe(path, { onEvent: (event) => events.push(event.type) }),
  fromBlob: await client.transcribe(new Blob([await readFile(path)])),
  fromStream: await client.transcribe(new Blob([await readFile(path)]).stream()),
  text: await client.transcribe(path, { response_format: "text" }),
  missing: await client.transcribe(`${path}.not-there`),
  cancelled: await client.checkHealth({ signal: cancelled.signal }),
  timeout: await client.getModelStatus("never", { timeoutMs: 50 }),
  cut: await client.getModelStatus("cut"),
  refused: await new ModelAPIClient(deadUrl, { retry: false }).listModels(),
};
// Node 20 has no WebSocket, and is told so; newer ones try.
const live = await client.openSession().catch((error) => error);
const isTold = typeof WebSocket === "undefined" ? /Node has one from version 22/.test(live.message) : !live.success;
results.live = { success: isTold };
const told = Object.entries(results).map(([name, result]) => [name, result.success || result.reason]);
console.log(JSON.stringify({ node: process.versions.node, told: Object.fromEntries(told), events }));
