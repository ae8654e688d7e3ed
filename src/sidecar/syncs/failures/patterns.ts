/**
 * What a text of Airbyte, a connector or a provider says, as a class. The text itself goes no further. Airbyte's public
 * API gives no reason for a failed job (JobResponse of its OpenAPI document), so such a text is rare.
 */
import type { FailureClass } from '../syncs.ts';

/** The first that fits counts. */
const PATTERNS: readonly (readonly [FailureClass, RegExp])[] = [
  // The warehouse is ours: its refusals must not be taken for the provider's.
  ['airbyte', /password authentication failed|\bdestination\b.{0,80}\b(?:fail|error|refused|denied|closed)/i],
  ['rate_limit', /\b429\b|rate.?limit|too many requests|quota.{0,60}(?:exceeded|exhausted)|throttl/i],
  [
    'schema',
    /breaking.{0,20}schema|schema.{0,30}(?:changed|mismatch)|no stream \S+ any more|\bstreams?\b.{0,80}(?:no longer|not found|does not exist|do not exist)|(?:primary key|cursor).{0,60}(?:missing|not found|removed|no longer)/i,
  ],
  [
    'token',
    /\b401\b|unauthori[sz]ed|unauthenticated|invalid_(?:grant|auth|token|client)|token_(?:revoked|expired)|not_authed|account_inactive|(?:token|api key|credentials?)\b.{0,30}\b(?:invalid|expired|revoked|not valid)|(?:invalid|expired|revoked|bad)\b.{0,20}\b(?:token|api key|credentials?)|authentication.{0,20}fail|re-?authenticate/i,
  ],
  [
    'airbyte',
    /heartbeat|\bworkers?\b|orchestrator|\bpods?\b|kubernetes|\boom|out of memory|temporal|workload|container|image pull|emulator was stopped|airbyte.{0,20}(?:platform|server|internal)/i,
  ],
  ['configuration', /\b403\b|forbidden|permission|access denied|insufficient.{0,20}scope|missing_scope/i],
  [
    'provider',
    /\b5\d\d\b|bad gateway|service unavailable|gateway time|internal server error|econn(?:reset|refused|aborted)|etimedout|enotfound|eai_again|timed? ?out|connection.{0,20}(?:reset|refused|aborted|closed)|name resolution|temporarily unavailable/i,
  ],
  [
    'configuration',
    /\b40[04]\b|config(?:uration)?[ _](?:error|invalid)|invalid.{0,30}(?:config|value|date|domain|url|parameter)|validation|is required|must be|not enabled|not shared/i,
  ],
];

/** Long texts are stack traces: what they say is at their beginning. */
const MOST_CHARACTERS = 4_000;

/** Undefined: it tells nothing that we know. */
export function classOfText(text: string | undefined): FailureClass | undefined {
  const head = (text ?? '').slice(0, MOST_CHARACTERS);
  return PATTERNS.find(([, pattern]) => pattern.test(head))?.[0];
}

/** The HTTP status that a text tells of, where it says clearly that it is one. */
export function statusIn(text: string | undefined): number | undefined {
  const found =
    /\b(?:status(?: code)?|answers|HTTP(?:\/\d(?:\.\d)?)?)[\s:=]{1,3}([45]\d\d)\b|\b([45]\d\d) (?:client |server )?error\b/i.exec(
      (text ?? '').slice(0, MOST_CHARACTERS),
    );
  const digits = found?.[1] ?? found?.[2];
  return digits === undefined ? undefined : Number(digits);
}

/** Seconds to wait that a text tells of, e.g. `Retry-After: 120` or `retry in 30 seconds`. */
export function waitIn(text: string | undefined): number | undefined {
  const found = /\bretry[- ](?:after|in)\b[\s:="']{1,4}(\d{1,6})(?!\d|[-/:])/i.exec(
    (text ?? '').slice(0, MOST_CHARACTERS),
  );
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

/** Which of these names stand in the text as words of their own. */
export function namesIn(text: string | undefined, names: readonly string[]): string[] {
  const words = new Set((text ?? '').slice(0, MOST_CHARACTERS).match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
  return names.filter((name) => words.has(name));
}
