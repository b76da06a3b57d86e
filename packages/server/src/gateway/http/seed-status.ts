import { catalogue, type Reason } from "@voxpool/client/contract";

/** What is wrong with the request before its model is looked at, and what is wrong with the server. */
const keepsItsStatus: ReadonlySet<Reason> = new Set<Reason>([
  "body_too_large",
  "key_missing",
  "key_invalid",
  "key_expired",
  "ticket_invalid",
  "scope_missing",
  "origin_not_allowed",
  "host_not_allowed",
  "too_many_failed_attempts",
  "rate_limited",
  "too_many_requests",
  "url_too_long",
  "content_type_unsupported",
  "disk_full",
  "holds_full",
  "internal",
  "model_in_use",
  "model_pinned",
  "model_quarantined",
  "model_unavailable",
  "not_ready",
  "pool_full",
  "request_cancelled",
  "server_stopping",
  "state_unwritable",
  "too_many_sessions",
  "upload_stalled",
]);

/** The status of a failed load or unload: whatever is wrong with the model is a 400, as clients have always seen it. */
export function seedStatus(reason: Reason): number {
  return keepsItsStatus.has(reason) ? catalogue[reason].status : 400;
}
