import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import type { Agent } from "undici";
import { systemText } from "./system-text.ts";

/** A model may take long to load, and events come when something happens. */
export const patience = { headersTimeout: 0, bodyTimeout: 0 } as const;

/** The certificates of a PEM file. @throws Error that says what is wrong with it */
export function readAuthorities(file: string): string {
  const text = read(file);
  try {
    void new X509Certificate(text);
  } catch (error) {
    throw new Error("it holds no certificate in PEM", { cause: error });
  }
  return text;
}

/** Carries requests to servers whose certificate, or that of their authority, is one of these or one that Node knows. */
export async function trustedAgent(authorities: string): Promise<Agent> {
  const { Agent: Maker } = await import("undici");
  return new Maker({ ...patience, connect: { ca: [...getCACertificates("default"), authorities] } });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(systemText(error), { cause: error });
  }
}
