import { X509Certificate } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { makeFolder } from "../../base/folders.ts";
import { inChinese } from "../../base/phrases.ts";
import { systemText } from "../../base/system-text.ts";
import type { CliCommand } from "../command.ts";
import { type CommandContext, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";
import { certificateName, machineNames } from "../tls/machine-names.ts";

interface SelfSignedFlags {
  readonly out: string;
  readonly name: readonly string[];
  readonly days: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `voxpool tls self-signed` */
export function registerTls(program: CliCommand, context: CommandContext): void {
  const tls = program
    .command("tls")
    .describe({ en: "Certificates for HTTPS: see docs/network.md.", zh: "HTTPS 证书：见 docs/network.zh-CN.md。" });
  tls.helpCommand(false);
  tls
    .command("self-signed")
    .describe({
      en: "Write cert.pem and key.pem for this machine's names and addresses. Nobody vouches for them: clients have to be given cert.pem.",
      zh: "为本机的名称和地址写出 cert.pem 和 key.pem。没有机构为其担保：需要把 cert.pem 交给客户端。",
    })
    .option("--out <directory>", tls.text({ en: "Where to. Default: here.", zh: "写到何处。默认：当前目录。" }), ".")
    .option(
      "--name <name>",
      tls.text({
        en: "A further name or address by which clients reach the server; may be repeated.",
        zh: "客户端访问服务器所用的其他名称或地址，可重复。",
      }),
      (name: string, names: readonly string[]) => [...names, name],
      [] as readonly string[],
    )
    .option(
      "--days <days>",
      tls.text({ en: "How long it is valid. Default: 825.", zh: "有效天数。默认：825。" }),
      "825",
    )
    .withOption("--force", { en: "Replace files that are there.", zh: "替换已有文件。" })
    .withOption("--json", { en: "Print one JSON document.", zh: "输出一个 JSON 文档。" })
    .withExamples(
      {
        command: "voxpool tls self-signed",
        en: "Then: voxpool serve --tls-cert cert.pem --tls-key key.pem",
        zh: "随后：voxpool serve --tls-cert cert.pem --tls-key key.pem",
      },
      {
        command: "voxpool tls self-signed --name speech.lan --name 10.0.0.5 --force",
        en: "A new one, with further names; a running server takes it up by itself.",
        zh: "重新生成并加入其他名称；运行中的服务器会自动使用。",
      },
    )
    .action(async (flags: SelfSignedFlags) => {
      context.exitCode = await write(flags, context);
    });
}

async function write(flags: SelfSignedFlags, context: CommandContext): Promise<number> {
  const names = [...new Set([...machineNames(), ...flags.name.map((name) => readName(name, context))])];
  const days = readDays(flags.days, context);
  // No other command needs what certificates are made with.
  const { selfSigned } = await import("../tls/self-signed.ts");
  const made = selfSigned(names, days);
  const [cert, key] = [join(flags.out, "cert.pem"), join(flags.out, "key.pem")];
  await writeFiles([[key, made.key, 0o600] as const, [cert, made.cert, 0o644] as const], flags, context);
  const { fingerprint256, validToDate } = new X509Certificate(made.cert);
  const expires_at = validToDate.toISOString();
  if (flags.json) printJson(context, { success: true, cert, key, names, expires_at, fingerprint: fingerprint256 });
  else printText(context, explained({ cert, key, names, expires: expires_at.slice(0, 10), fingerprint256 }, context));
  return exitCodes.ok.code;
}

function readName(text: string, { language }: CommandContext): string {
  const name = certificateName(text);
  if (name !== undefined) return name;
  const shown = JSON.stringify(text.slice(0, 100));
  throw new UsageError(
    language === "zh" ? `--name：${shown} 不是主机名或地址` : `--name: ${shown} is no name of a host and no address`,
  );
}

const mostDays = 36_500;

function readDays(text: string, { language }: CommandContext): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= mostDays) return days;
  throw new UsageError(
    language === "zh" ? `--days：请填写 1 到 ${mostDays} 的整数` : `--days: write a number from 1 to ${mostDays}`,
  );
}

type NewFile = readonly [path: string, text: string, mode: number];

/** All of them or none; nothing that is there is replaced unless that is wanted. */
async function writeFiles(files: readonly NewFile[], { out, force }: SelfSignedFlags, context: CommandContext) {
  const { language } = context;
  const written: string[] = [];
  let at = out;
  try {
    await makeFolder(out);
    for (const [path, text, mode] of files) {
      at = path;
      // Replaced as a whole: a server may be reading it, and the old one's permissions are not ours.
      const target = force ? `${path}.${process.pid}.part` : path;
      const handle = await open(target, "wx", mode);
      written.push(target);
      await handle.writeFile(text);
      await handle.close();
    }
    if (force) for (const [path] of files) await rename(`${path}.${process.pid}.part`, path);
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    const why = isThere ? "it is there already; --force replaces it" : systemText(error);
    throw new UsageError(language === "zh" ? `无法写入 ${at}：${inChinese(why)}` : `${at} cannot be written: ${why}`);
  }
}

interface Made {
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly expires: string;
  readonly fingerprint256: string;
}

function explained({ cert, key, names, expires, fingerprint256 }: Made, { language }: CommandContext): string {
  // An address of the network needs nobody who knows names.
  const name = names.find((one) => isIPv4(one) && !one.startsWith("127.")) ?? "localhost";
  const url = `https://${name}:5000/api`;
  const commands = [
    `voxpool serve --tls-cert ${quoted(cert)} --tls-key ${quoted(key)}`,
    `voxpool status --url ${url} --cacert ${quoted(cert)}`,
    `curl --cacert ${quoted(cert)} ${url}/health`,
    `NODE_EXTRA_CA_CERTS=${quoted(cert)} node app.js`,
  ];
  const words = language === "zh" ? chinese : english;
  return [
    words.written(cert, key),
    words.names(names.join(", ")),
    words.expires(expires),
    `SHA-256 ${fingerprint256}`,
    "",
    words.use,
    ...commands.map((command) => `  ${command}`),
    "",
    words.secret(key),
    "",
  ].join("\n");
}

const quoted = (path: string): string => (/^[\w./:\\-]+$/.test(path) ? path : `"${path}"`);

const english = {
  written: (cert: string, key: string) => `Written: ${cert} (the certificate, for everybody) and ${key} (its key).`,
  names: (names: string) => `Names: ${names}`,
  expires: (day: string) => `Valid until ${day}`,
  use: "The server, then the clients, each of which needs a copy of the certificate:",
  secret: (key: string) => `${key} stays on this machine: who has it can pass for this server.`,
};

const chinese: typeof english = {
  written: (cert, key) => `已写入：${cert}（证书，可公开）和 ${key}（私钥）。`,
  names: (names) => `名称：${names}`,
  expires: (day) => `有效期至 ${day}`,
  use: "先是服务器，然后是客户端（每个客户端都需要一份证书）：",
  secret: (key) => `${key} 不得离开本机：持有它即可冒充此服务器。`,
};
