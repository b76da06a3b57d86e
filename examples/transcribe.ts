// Words from a recording, as they are recognised:  npx node examples/transcribe.ts speech.wav [model/cn]
import { ModelAPIClient } from "@voxpool/client";

const [path = "speech.wav", modelPath] = process.argv.slice(2);
const client = new ModelAPIClient(process.env.VOXPOOL_URL);

if (modelPath !== undefined) {
  const loaded = await client.loadModel(modelPath);
  if (!loaded.success) fail(loaded.error_message);
}

const result = await client.transcribe(path, {
  model_path: modelPath,
  onEvent(event) {
    if (event.type === "segment") console.log(`${event.segment.start.toFixed(2).padStart(7)} s  ${event.segment.text}`);
  },
});
if (!result.success) fail(result.error_message);
console.log(
  `${result.duration.toFixed(1)} s of speech in ${result.processing_seconds.toFixed(1)} s by ${result.model_path}`,
);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
