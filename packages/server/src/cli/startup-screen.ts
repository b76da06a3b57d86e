import type { NetworkInterfaceInfo } from "node:os";
import type { MessageLanguage } from "../base/errors.ts";
import { defaultUrl } from "./client.ts";
import { printable } from "./format.ts";
import { renderFields } from "./table.ts";

/** What the person who started a server is told. */
export interface StartupReport {
  readonly version: string;
  /** Base URLs of the native API, each ending in `/api`; the first one works on this machine. */
  readonly urls: readonly string[];
  /** As they were configured. */
  readonly modelDirs: readonly string[];
  readonly stateDir: string;
  /** For requests that name none, with what it heard in a recording to warm up; absent if it is not usable. */
  readonly defaultModel?:
    | {
        readonly path: string;
        /** Empty if it does not know the language of the recording. */
        readonly heard: string;
        readonly loadSeconds: number;
        readonly warmUpSeconds: number;
      }
    | undefined;
  /** Whether requests need a key. */
  readonly authentication: boolean;
  /** File of the certificate, if clients have to be given it. */
  readonly caFile?: string | undefined;
  /** Path of the bundled recording, as it is written in commands to try. */
  readonly recording: string;
}

/** The screen that `voxpool serve` prints once the server answers. */
export function startupScreen(report: StartupReport, language: MessageLanguage): string {
  const words = language === "zh" ? chinese : english;
  const [url = defaultUrl] = report.urls;
  const fields: (readonly [string, string])[] = [
    ...report.urls.map((one, index) => [index === 0 ? words.url : "", one] as const),
    [words.documentation, url.replace(/\/api$/, "/docs")],
    [words.modelDirs, report.modelDirs.join(", ")],
    [words.defaultModel, modelText(report.defaultModel, words)],
    [words.stateDir, report.stateDir],
    [words.authentication, report.authentication ? words.on : words.off],
  ];
  return printable(
    [
      `\nvoxpool ${report.version}\n`,
      ...(report.defaultModel?.heard ? [`${words.heard(report.defaultModel.heard)}\n`] : []),
      indent(renderFields(fields)),
      `${report.defaultModel === undefined ? words.withoutModel : words.tryIt}\n`,
      indent(
        (report.defaultModel === undefined ? ["npx voxpool search", "npx voxpool doctor"] : commandsToTry(report, url))
          .map((command) => `${command}\n`)
          .join("\n"),
      ),
      `${words.stop}\n`,
    ].join("\n"),
  );
}

/** Curl, the command line, the SDK and Python. Quoted so that they work in POSIX shells and in cmd.exe. */
function commandsToTry({ recording, caFile }: Pick<StartupReport, "recording" | "caFile">, url: string): string[] {
  const quoted = quote(recording);
  const text = stringOf(recording);
  const trusted = caFile === undefined ? "" : ` --cacert ${quote(caFile)}`;
  const trust =
    caFile === undefined
      ? ""
      : `import tls from 'node:tls'; import { readFileSync } from 'node:fs'; tls.setDefaultCACertificates([readFileSync(${stringOf(caFile)}, 'utf8')]); `;
  const verify = caFile === undefined ? "" : `, verify=${stringOf(caFile)}`;
  return [
    `curl -s${trusted} --data-binary @${quoted} -H "Content-Type: audio/wav" "${url}/transcribe?response_format=text"`,
    `npx voxpool transcribe ${quoted}${url === defaultUrl ? "" : ` --url ${url}${trusted}`}`,
    `node --input-type=module -e "${trust}import { ModelAPIClient } from '@voxpool/client'; const { text, message } = await new ModelAPIClient('${url}').transcribe(${text}); console.log(text ?? message)"`,
    `python3 -c "import requests; print(requests.post('${url}/transcribe', files={'file': open(${text}, 'rb')}${verify}).json()['text'])"`,
  ];
}

/** A path as POSIX shells and cmd.exe take it. */
function quote(path: string): string {
  const plain = path.replaceAll("\\", "/");
  return /^[\w./:-]+$/.test(plain) ? plain : `"${plain}"`;
}

/** A path as JavaScript and Python take it. */
function stringOf(path: string): string {
  return `'${path.replaceAll("\\", "/").replaceAll("'", "\\'")}'`;
}

/**
 * The URLs of a server that listens on `host`: for an address that stands for all of them this machine's first, then
 * those of its networks. IPv6 addresses of networks are left out: nobody types them.
 */
export function reachableUrls(
  host: string,
  port: number,
  interfaces: Readonly<
    Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
  >,
  scheme: "http" | "https" = "http",
): string[] {
  const urlOf = (name: string) => `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}/api`;
  if (host !== "0.0.0.0" && host !== "::") return [urlOf(host)];
  const addresses = Object.values(interfaces)
    .flatMap((found) => found ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  return ["127.0.0.1", ...addresses].map(urlOf);
}

function modelText(model: StartupReport["defaultModel"], words: Words): string {
  if (model === undefined) return words.noModel;
  return `${model.path} (${words.times(model.loadSeconds.toFixed(2), model.warmUpSeconds.toFixed(2))})`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

type Words = typeof english;

const english = {
  heard: (text: string) => `Heard in a recording, to warm up:\n  "${text}"`,
  times: (load: string, warmUp: string) => `loaded in ${load} s, warmed up in ${warmUp} s`,
  url: "URL",
  documentation: "Documentation",
  modelDirs: "Model directory",
  defaultModel: "Default model",
  noModel: "none is usable; why, and what to do, is said above",
  stateDir: "State directory",
  authentication: "Authentication",
  on: "on",
  off: "OFF: whoever reaches this port can use the server (--host 127.0.0.1 keeps it on this machine)",
  tryIt: "Try it in a second terminal, with curl, the command line, the SDK or Python:",
  withoutModel:
    "The server runs on: a model that comes into its model directory is used without a restart. What can be fetched, and what is wrong here:",
  stop: "Ctrl-C stops the server.",
};

const chinese: Words = {
  heard: (text) => `预热时从录音中听到：\n  “${text}”`,
  times: (load, warmUp) => `加载 ${load} 秒，预热 ${warmUp} 秒`,
  url: "地址",
  documentation: "文档",
  modelDirs: "模型目录",
  defaultModel: "默认模型",
  noModel: "不可用；原因和处理方法见上文",
  stateDir: "状态目录",
  authentication: "身份验证",
  on: "已启用",
  off: "未启用：能访问此端口的人都可以使用（--host 127.0.0.1 可限制为仅本机）",
  tryIt: "在另一个终端中试试 curl、命令行、SDK 或 Python：",
  withoutModel: "服务器继续运行：模型放入模型目录后无需重启即可使用。查看可下载的模型，以及本机存在的问题：",
  stop: "按 Ctrl-C 停止服务器。",
};
