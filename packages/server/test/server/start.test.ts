import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { configFrom } from "../../dist/base/config.js";
import { silentLog } from "../../dist/base/log.js";
import type { Config } from "../../dist/base/settings.js";
import { startServer } from "../../dist/main.js";
import { scratchDirectory } from "../base/scratch.ts";

test("a start that fails while the parts are put together gives the state directory back", async (t) => {
  const directory = scratchDirectory(t);
  const config = configFrom(
    { host: "127.0.0.1", port: 0, state_dir: join(directory, "state"), model_dir: [join(directory, "model")] },
    "test",
  );
  // What no check let through, as a mistake in the composition would.
  const broken = { ...config, model_dir: undefined } as unknown as Config;
  await assert.rejects(startServer({ config: broken, log: silentLog }), TypeError);
  const taken = { ...config, default_model: "none" };
  const server = await startServer({ config: taken, log: silentLog });
  await assert.rejects(server.defaultModel, { reason: "model_not_found" });
  await server.stop();
});
