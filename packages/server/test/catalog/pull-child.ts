/** Pulls what its argument (JSON) says and prints the result, or the reason, as one JSON line. */
import { pull } from "../../dist/catalog/pull.js";

const { name, ...options } = JSON.parse(process.argv[2] ?? "{}");
try {
  console.log(JSON.stringify(await pull(name, options)));
} catch (error) {
  console.log(JSON.stringify({ reason: error instanceof Error && "reason" in error ? error.reason : String(error) }));
}
