/**
 * Pulls what its argument (JSON) says and prints the result, or the reason, as one JSON line. With a channel to its
 * parent it tells what it is at.
 */
import { pull } from "../../dist/catalog/pull.js";

const { name, ...options } = JSON.parse(process.argv[2] ?? "{}");
const onProgress = ({ phase }: { phase: string }): void => void process.send?.(phase);
try {
  console.log(JSON.stringify(await pull(name, { ...options, onProgress })));
} catch (error) {
  console.log(JSON.stringify({ reason: error instanceof Error && "reason" in error ? error.reason : String(error) }));
}
if (process.connected) process.disconnect();
