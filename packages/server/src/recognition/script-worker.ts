/**
 * The thread that writes Chinese in the other script. Making the converter to traditional characters takes 200 ms
 * and 100 MB, which is too long for the thread that serves requests; only those who ask for it pay for it.
 */
import { parentPort } from "node:worker_threads";
import type { FromScriptWorker, ToScriptWorker } from "./script.ts";

type Convert = (text: string) => string;

/** Loaded one at a time, each at its first use; both texts and parts of texts. */
const converters: Readonly<Record<ToScriptWorker["script"], () => Promise<Convert>>> = {
  hans: async () => (await import("opencc-js/t2cn")).Converter({ from: "t", to: "cn" }),
  hant: async () => (await import("opencc-js/cn2t")).Converter({ from: "cn", to: "tw" }),
};
const loaded = new Map<string, Promise<Convert>>();

const port = parentPort;
if (port === null) throw new Error("this is started as a thread");
port.on("message", (message: ToScriptWorker) => void answer(message));

async function answer({ number, script, texts }: ToScriptWorker): Promise<void> {
  const converting = loaded.get(script) ?? converters[script]();
  loaded.set(script, converting);
  const convert = await converting;
  const reply: FromScriptWorker = { number, texts: texts.map(convert) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  port?.postMessage(reply);
}
