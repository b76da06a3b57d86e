import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** What asks a server as fast as it answers. */
export interface HttpLoad {
  readonly title: string;
  /** Requests a second. @throws when an answer is no success */
  run(target: Target, connections: number, seconds: number): Promise<number>;
}

/** What is asked for, again and again. */
export interface Target {
  readonly port: number;
  readonly path: string;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Over TLS, whatever the certificate. */
  readonly tls?: boolean;
}

/** wrk where it is installed, else a small client in this process. */
export function httpLoad(): HttpLoad {
  return spawnSync("wrk", ["-v"]).error === undefined ? wrk : ownClient;
}

const wrk: HttpLoad = {
  title: "wrk, one thread",
  async run({ port, path, headers = {}, tls = false }, connections, seconds) {
    const url = `http${tls ? "s" : ""}://127.0.0.1:${port}${path}`;
    const sent = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const child = spawn("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, ...sent, url], {
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
  async run(target, connections, seconds) {
    const counts = await Promise.all(Array.from({ length: connections }, () => askAgainAndAgain(target, seconds)));
    return counts.reduce((sum, count) => sum + count, 0) / seconds;
  },
};

function askAgainAndAgain({ port, path, headers = {}, tls = false }: Target, seconds: number): Promise<number> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const question = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join("")}\r\n`;
  const deadline = performance.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    let count = 0;
    const begin = () => socket.write(question);
    const socket: Socket = tls
      ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, begin)
      : connect(port, "127.0.0.1", begin);
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
