import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { BatchOperation, BatchOptions } from "@voxpool/client";
import type { MessageLanguage } from "../base/errors.ts";
import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { UsageError } from "./context.ts";

/** What a file of operations says. */
export interface OperationList {
  readonly operations: readonly BatchOperation[];
  readonly options: Pick<BatchOptions, "order" | "concurrency" | "onError">;
}

/** A thousand operations, the most that a server takes, are far smaller. */
const limitBytes = 8 * 1024 * 1024;

/**
 * Operations from a file, or from `stdin` where its name is `-`: a JSON array of them, the body of a batch, or a JSON
 * object a line. What each of them says, the server judges.
 * @throws UsageError if it cannot be read, is too large, or is none of these
 */
export async function readOperations(file: string, stdin: Readable, language: MessageLanguage): Promise<OperationList> {
  const text = await readText(file, file === "-" ? stdin : createReadStream(file), language);
  const whole = parse(text);
  const values: unknown = whole === undefined ? lines(text, file, language) : whole;
  const body: unknown = Array.isArray(values)
    ? { operations: values }
    : isBatch(values)
      ? values
      : { operations: [values] };
  const { operations, order, concurrency, on_error: onError } = body as Record<string, unknown>;
  if (!Array.isArray(operations) || operations.length === 0 || !operations.every(isObject)) {
    throw new UsageError(
      language === "zh"
        ? `${file} 中没有操作；例如：{"operation": "load", "model_path": "cn"}`
        : `there is no operation in ${file}; one looks like {"operation": "load", "model_path": "cn"}`,
    );
  }
  const options = {
    ...(order !== undefined && { order }),
    ...(concurrency !== undefined && { concurrency }),
    ...(onError !== undefined && { onError }),
  };
  return { operations: operations as BatchOperation[], options: options as OperationList["options"] };
}

async function readText(file: string, stream: Readable, language: MessageLanguage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > limitBytes) throw new Error(language === "zh" ? "超过 8 MiB" : "it is larger than 8 MiB");
    }
  } catch (error) {
    const why = systemText(error);
    throw new UsageError(language === "zh" ? `无法读取 ${file}：${inChinese(why)}` : `${file} cannot be read: ${why}`);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

function lines(text: string, file: string, language: MessageLanguage): readonly unknown[] {
  const values: unknown[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parse(line);
    if (value === undefined) {
      const at = `${file}:${index + 1}`;
      throw new UsageError(language === "zh" ? `${at} 不是 JSON` : `${at} is not JSON`);
    }
    values.push(value);
  }
  return values;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBatch(value: unknown): value is Record<string, unknown> {
  return isObject(value) && "operations" in value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
