import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";

/** What asks a server as fast as it answers. */
export interface HttpLoad {
  readonly title: string;
  /** Requests a second. @throws when an answer is no success */
  run(port: number, path: string, connections: number, seconds: number): Promise<number>;
}

/** wrk where it is installed, else a small client in this process. */
export function httpLoad(): HttpLoad {
  return spawnSync("wrk", ["-v"]).error === undefined ? wrk : ownClient;
}

const wrk: HttpLoad = {
  title: "wrk, one thread",
  async run(port, path, connections, seconds) {
    const url = `http://127.0.0.1:${port}${path}`;
    const child = spawn("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(child, "close");
    const output = Buffer.concat(chunks).toString("utf8");
    const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
    if (!(perSecond > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(`wrk: ${output}`);
    return perSecond;
  },
};

const ownClient: HttpLoad = {
  title: "a client of the bench's own (wrk is not installed)",
  async run(port, path, connections, seconds) {
    const counts = await Promise.all(Array.from({ length: connections }, () => askAgainAndAgain(port, path, seconds)));
    return counts.reduce((sum, count) => sum + count, 0) / seconds;
  },
};

function askAgainAndAgain(port: number, path: string, seconds: number): Promise<number> {
  const question = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const deadline = performance.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    let count = 0;
    const socket = connect(port, "127.0.0.1", () => socket.write(question));
    socket.setNoDelay(true);
    socket.on("error", reject);
    // The answers are small: they come whole, and each is one question's.
    socket.on("data", (bytes) => {
      if (!bytes.subarray(0, 12).equals(success)) {
        socket.destroy();
        reject(new Error(`the answer was ${bytes.toString("latin1", 0, 40)}`));
      } else if (performance.now() < deadline) {
        count += 1;
        socket.write(question);
      } else {
        socket.destroy();
        resolve(count);
      }
    });
  });
}

const success = Buffer.from("HTTP/1.1 200");
