import type { Probation, SwitchAnswer, SwitchRequest } from "@voxpool/client/contract";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { Names } from "../pool/names.ts";
import type { ProbationSnapshot, Switched, Switches } from "../rollout/types.ts";
import type { Caller } from "./types.ts";

/** `POST /api/models/switch`. It goes on when its caller leaves: half a switch is none. */
export async function switchModel(
  parts: { readonly names: Pick<Names, "resolve">; readonly switches: Pick<Switches, "switch"> },
  request: SwitchRequest,
  { language, principal }: Caller,
): Promise<SwitchAnswer> {
  // A switch looks names up by itself, and sees all models.
  if (principal?.models !== undefined) {
    for (const path of [request.model_path, request.to]) if (path !== undefined) await parts.names.resolve(path);
  }
  const { switches } = parts;
  const switched = await switches.switch(request);
  const { name, from, to, gate, probation } = switched;
  return {
    success: true,
    message: language === "zh" ? chinese(switched) : english(switched),
    model_path: name,
    from: from ? pathWithVersion(from) : null,
    to: pathWithVersion(to),
    gate: [...gate],
    probation: probation ? toProbation(probation) : null,
  };
}

export function toProbation({ from, since, until, requests, limitRequests, errors }: ProbationSnapshot): Probation {
  return {
    from: pathWithVersion(from),
    since,
    until: until ?? null,
    requests,
    limit_requests: limitRequests ?? null,
    errors,
  };
}

function english({ kind, name, to, probation }: Switched): string {
  const version = pathWithVersion(to);
  if (kind === "already") return `${name} is ${version} already`;
  if (kind === "rolled_back") return `${name} is back at ${version}`;
  return `${name} is now ${version}${probation ? ", on probation" : ""}`;
}

function chinese({ kind, name, to, probation }: Switched): string {
  const version = pathWithVersion(to);
  if (kind === "already") return `${name} 已经是 ${version}`;
  if (kind === "rolled_back") return `${name} 已切回 ${version}`;
  return `${name} 现在是 ${version}${probation ? "，处于观察期" : ""}`;
}
