import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { httpTransport } from "@voxpool/client/node";
import { doubt } from "../../../client/dist/live-doubt.js";
import { run } from "../cli/support.ts";
import { startVosk } from "../vosk-server/client.ts";

/** Something that listens and speaks no HTTP: it says what it is given to say. */
async function startOther(t: TestContext, says: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    if (says !== "") socket.write(says);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
}

for (const says of ["", '{"type": "info"}\n']) {
  test(`a port that says ${says === "" ? "nothing" : "something else"} is doubted, and found to be no voxpool`, async (t) => {
    const { confirmed, drop } = doubt(httpTransport(await startOther(t, says)), 0, 200);
    const { reason, message } = await confirmed;
    drop();
    assert.equal(reason, "answer_invalid");
    assert.match(message, /something else may listen there/);
  });
}

test("the port of vosk-server is told apart from voxpool's own, which may take long", async (t) => {
  const { running, port } = await startVosk(t, { tone: "tone", slow: { fake: { loadMs: 4000 } } });
  const foreign = run(t, ["listen", "--raw", "--url", `http://127.0.0.1:${port}/api`], { input: Buffer.alloc(3200) });
  const client = new ModelAPIClient(running.server.url, { retry: false });
  const own = client.openSession({ model_path: running.modelPath("slow") });
  const { code, stderr } = await foreign;
  assert.equal(code, 1);
  assert.match(stderr, /not voxpool's/);
  const session = await own;
  assert.equal(session.success, true);
  if (session.success) await session.close();
});
