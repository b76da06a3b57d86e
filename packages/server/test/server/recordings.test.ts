import assert from "node:assert/strict";
import { test } from "node:test";
import { recording } from "../audio/recordings.ts";
import { startRunning } from "./running.ts";

/** An MP4 of about so many bytes: nothing but filling follows its sound. */
function largeMp4(bytes: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, bytes);
  head.set(Buffer.from("free"), 4);
  return new Uint8Array(Buffer.concat([recording("opus.mp4"), head, new Uint8Array(bytes - 8)]));
}

test("an MP4 in a form takes its size of the disk once, and gives it back", async (t) => {
  const spoolBytes = 2_000_000;
  const { fetch } = await startRunning(t, { fake: { fake: { text: "hello" } } }, { "limits.spool_bytes": spoolBytes });
  const send = async (bytes: number) => {
    const body = new FormData();
    body.append("file", new Blob([largeMp4(bytes)], { type: "audio/mp4" }), "recording.mp4");
    const answer = await fetch("/api/transcribe", { method: "POST", body });
    return (await answer.json()) as { text?: string; reason?: string };
  };
  assert.equal((await send(0.8 * spoolBytes)).text, "hello");
  assert.equal((await send(1.2 * spoolBytes)).reason, "spool_full");
  assert.equal((await send(0.9 * spoolBytes)).text, "hello");
});
