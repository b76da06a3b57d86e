import type { ModelSpec } from "../engine.ts";

/** Checks the files of a model before an engine sees them. */
export async function preflight(_spec: ModelSpec): Promise<void> {}
