/** A client that shares: sends its recording, says what came back, and stays, its connection open. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";

const [url = "", file = ""] = process.argv.slice(2);
const options = { method: "POST", agent: new Agent({ keepAlive: true }), headers: { "content-type": "audio/wav" } };
const outgoing = request(url, options, (response) => {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("end", () => process.stdout.write(`${text}\n`));
});
outgoing.end(readFileSync(file));
process.stdin.resume();
process.stdin.on("end", () => process.exit());
