// Voice input for an application: the words of each recording, by the service that all applications share, and by a
// pool of this application's own while the service is away.
//
//   npx node examples/voice-input.ts [model/cn]       then a file name on each line; the end of the input ends it
import { createInterface } from "node:readline";
import { ModelAPIClient } from "@voxpool/client";

const { VOXPOOL_URL: url, VOXPOOL_MODEL_DIR: modelDir, VOXPOOL_STATE_DIR: stateDir } = process.env;

class VoiceInput {
  readonly #model: string | undefined;
  readonly #client = new ModelAPIClient(url, {
    fallback: {
      // Not one file of the server is loaded before it is needed.
      open: async () => (await import("voxpool/local")).createLocalTransport({ modelDir, stateDir }),
      onChange: ({ servedBy, detail }) => console.log(`from now on: ${servedBy}`, detail ?? ""),
    },
  });

  constructor(model: string | undefined) {
    this.#model = model;
  }

  /** Has the model loaded before somebody speaks. */
  async initialize(): Promise<void> {
    const ready = this.#model ? await this.#client.loadModel(this.#model) : await this.#client.checkHealth();
    if (!ready.success) throw new Error(ready.error_message);
    console.log("ready:", ready.answered_by);
  }

  /** The words of a recording. What broke off in the middle is sent once more: by then the fallback takes it. */
  async recognise(recording: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const result = await this.#client.transcribe(recording, {
        model_path: this.#model,
        onEvent: (event) => event.type === "segment" && console.log("heard:", event.segment.text),
      });
      if (result.success) return console.log(`${result.answered_by}: ${result.text}`);
      if (attempt === 2 || !result.retryable) return console.log("failed:", result.error_message);
    }
  }

  /** Ends what runs, and the processes of an own pool. In the service the model stays, for the others. */
  async shutdown(): Promise<void> {
    await this.#client.close();
  }
}

const voice = new VoiceInput(process.argv[2]);
try {
  await voice.initialize();
  for await (const recording of createInterface({ input: process.stdin })) await voice.recognise(recording);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await voice.shutdown();
}
