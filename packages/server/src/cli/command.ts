import { Command, Help, type Option } from "commander";
import type { MessageLanguage } from "../base/errors.ts";
import { defaultUrl } from "./client.ts";
import type { Text } from "./context.ts";
import { widthOf, wrap } from "./width.ts";

/** A command line to copy, and what it does. */
export interface Example extends Text {
  readonly command: string;
}

const headings: Readonly<Record<string, string>> = {
  "Usage:": "用法：",
  "Arguments:": "参数：",
  "Options:": "选项：",
  "Commands:": "命令：",
  "Settings:": "设置：",
};

/** Commander's help with its own words in the language of the user, and Chinese measured as a terminal shows it. */
class LocalHelp extends Help {
  readonly #language: MessageLanguage;

  constructor(language: MessageLanguage) {
    super();
    this.#language = language;
  }

  override styleTitle(title: string): string {
    return this.#language === "zh" ? (headings[title] ?? title) : title;
  }

  override commandUsage(command: Command): string {
    const usage = super.commandUsage(command);
    return this.#language === "zh" ? usage.replace("[options]", "[选项]").replace("[command]", "[命令]") : usage;
  }

  /** Choices and defaults stand in the texts, which are in both languages. */
  override optionDescription(option: Option): string {
    return option.description;
  }

  override displayWidth(text: string): number {
    return widthOf(text);
  }

  override boxWrap(text: string, columns: number): string {
    return wrap(text, columns).join("\n");
  }

  /** A long flag stands on a line of its own, so that the texts keep most of the width. */
  override formatItem(term: string, termWidth: number, description: string): string {
    const columns = this.helpWidth ?? 80;
    const isNarrow = columns < 60;
    const column = isNarrow ? 6 : Math.min(termWidth, Math.floor(columns / 3)) + 4;
    const lines = wrap(description, Math.max(20, columns - column));
    const head = `  ${term}`;
    const isBeside = widthOf(head) + 2 <= column;
    const first = isBeside
      ? head + " ".repeat(column - widthOf(head)) + lines[0]
      : `${head}\n${" ".repeat(column)}${lines[0]}`;
    return [first, ...lines.slice(1).map((line) => " ".repeat(column) + line)].join("\n");
  }
}

const oneDocument: Text = {
  en: "Print one JSON document: the answer of the server as it came, also when it is a failure.",
  zh: "输出一个 JSON 文档：服务器的原始响应，失败时亦然。",
};

/** A command of voxpool: its texts are in one language, and it has examples. */
export class CliCommand extends Command {
  readonly language: MessageLanguage;
  readonly examples: Example[] = [];

  constructor(name: string, language: MessageLanguage) {
    super(name);
    this.language = language;
    this.helpOption("-h, --help", this.text({ en: "Show this help.", zh: "显示此帮助。" }));
    this.addHelpText("after", () => this.#examplesText());
  }

  override createCommand(name: string): CliCommand {
    return new CliCommand(name, this.language);
  }

  override createHelp(): Help {
    return new LocalHelp(this.language);
  }

  text(text: Text): string {
    return text[this.language];
  }

  describe(text: Text): this {
    return this.description(this.text(text));
  }

  withArgument(name: string, text: Text): this {
    return this.argument(name, this.text(text));
  }

  withOption(flags: string, text: Text): this {
    return this.option(flags, this.text(text));
  }

  withExamples(...examples: readonly Example[]): this {
    this.examples.push(...examples);
    return this;
  }

  /** The options of every command that asks a server: `ClientFlags`. */
  withClientOptions(json: Text = oneDocument): this {
    return this.withOption("--url <url>", {
      en: `Where the server is; else VOXPOOL_URL, else your own on this machine by its socket in state_dir, else ${defaultUrl}.`,
      zh: `服务器地址；否则用 VOXPOOL_URL；再否则经 state_dir 中的套接字连接本机自己的服务器，或用 ${defaultUrl}。`,
    })
      .withOption("--key <key>", {
        en: "API key; else VOXPOOL_KEY (which other users of this machine cannot see).",
        zh: "API 密钥；否则用 VOXPOOL_KEY（本机其他用户看不到）。",
      })
      .withOption("--cacert <file>", {
        en: "Certificates (PEM) to trust beside the usual ones; else VOXPOOL_CACERT.",
        zh: "除常用证书外另行信任的证书文件（PEM）；否则用 VOXPOOL_CACERT。",
      })
      .withOption("--json", json);
  }

  #examplesText(): string {
    if (this.examples.length === 0) return "";
    const columns = this.configureOutput().getOutHelpWidth?.() ?? 80;
    const lines = this.examples.map((example) => {
      const text = wrap(this.text(example), Math.max(20, columns - 6)).map((line) => `      ${line}`);
      return `  $ ${example.command}\n${text.join("\n")}`;
    });
    return `\n${this.text({ en: "Examples:", zh: "示例：" })}\n${lines.join("\n")}\n`;
  }
}
