import type { Warning } from "@voxpool/client/contract";
import {
  type CatalogueEntry,
  catalogue,
  type Reason,
  type WarningReason,
  warningCatalogue,
} from "@voxpool/client/contract/catalogue";
import { inChinese } from "./phrases.ts";

export type { Reason, WarningReason };

/** What fills the `{name}` places of a catalogue message. Goes to the caller: no secrets, no transcripts. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** The languages that messages exist in. */
export type MessageLanguage = "en" | "zh";

export interface VoxpoolErrorOptions extends ErrorOptions {
  /** Further details, for the caller's answer alone: neither logged nor kept, they may hold what was heard. */
  readonly forCaller?: Readonly<Record<string, unknown>>;
}

/** The one error type of voxpool. Everything else that is thrown becomes `internal` at the edge. */
export class VoxpoolError extends Error {
  readonly reason: Reason;
  readonly details: ErrorDetails;
  readonly #forCaller: Readonly<Record<string, unknown>>;

  constructor(reason: Reason, details: ErrorDetails = {}, options?: VoxpoolErrorOptions) {
    super(messageOf(reason, details, "en"), options);
    this.name = "VoxpoolError";
    this.reason = reason;
    this.details = details;
    this.#forCaller = options?.forCaller ?? {};
  }

  get forCaller(): Readonly<Record<string, unknown>> {
    return this.#forCaller;
  }

  get entry(): CatalogueEntry {
    return catalogue[this.reason];
  }

  /** The message for people, in one of the catalogue's languages. */
  messageIn(language: MessageLanguage): string {
    return messageOf(this.reason, this.details, language);
  }

  /** The details with their texts in one of the catalogue's languages. */
  detailsIn(language: MessageLanguage): ErrorDetails {
    return textsIn(this.details, language);
  }

  /** How the error crosses a process or thread boundary. */
  toWire(): WireError {
    return { reason: this.reason, details: this.details };
  }

  static fromWire(wire: WireError): VoxpoolError {
    return new VoxpoolError(Object.hasOwn(catalogue, wire.reason) ? wire.reason : "internal", wire.details);
  }

  /** Any thrown value as a `VoxpoolError`; what is unknown becomes `internal` with the original as its cause. */
  static from(error: unknown): VoxpoolError {
    return error instanceof VoxpoolError ? error : new VoxpoolError("internal", {}, { cause: error });
  }
}

export interface WireError {
  readonly reason: Reason;
  readonly details: ErrorDetails;
}

/** A remark in a successful answer. */
export function warning(reason: WarningReason, details: ErrorDetails, language: MessageLanguage): Warning {
  return { reason, message: fillIn(warningCatalogue[reason][language], textsIn(details, language)) };
}

function messageOf(reason: Reason, details: ErrorDetails, language: MessageLanguage): string {
  return fillIn(catalogue[reason][language], textsIn(details, language));
}

/** Details that are texts of ours; in others stands what a caller or a file said. */
const textDetails: ReadonlySet<string> = new Set([
  "detail",
  "capability",
  "expected",
  "hint",
  "holders",
  "platform",
  "what",
]);

/** Texts are written in English where something goes wrong; the phrase book has them in Chinese. */
function textsIn(details: ErrorDetails, language: MessageLanguage): ErrorDetails {
  if (language === "en") return details;
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, textIn(name, value)]));
}

function textIn<Value>(name: string, value: Value): Value | string {
  if (typeof value !== "string") return value;
  if (name === "tried") return triedIn(value);
  return textDetails.has(name) ? inChinese(value) : value;
}

/** A line for each address, with what went wrong there: `url: detail`. */
function triedIn(tried: string): string {
  return tried.replaceAll(/^(\s*\S+): (.+)$/gm, (_, url: string, detail: string) => `${url}：${inChinese(detail)}`);
}

function fillIn(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ""));
}
