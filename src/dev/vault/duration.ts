/** Durations and timestamps in the forms that Go programs read and print. */

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/**
 * Whole seconds of a Vault duration: a number of seconds, digits, days (`7d`) or a Go duration (`1h30m`).
 * Undefined when it is none of these.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text === '') return 0;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  if (/^\d+d$/.test(text)) return Number(text.slice(0, -1)) * 86_400;
  const match = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  let seconds = 0;
  for (const part of (match[2] ?? '').matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    seconds += Number(part[1]) * (unitSeconds[part[2] ?? ''] ?? 0);
  }
  return Math.trunc(match[1] === '-' ? -seconds : seconds);
}

/** Go's `Duration.String()` of whole seconds: `0s`, `1m30s`, `24h0m0s`. */
export function goDuration(seconds: number): string {
  const sign = seconds < 0 ? '-' : '';
  const total = Math.abs(seconds);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const rest = `${total % 60}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${sign}${minutes}m${rest}` : sign + rest;
}

/** The same without zero parts at the end, as Vault's warnings print it: `768h`, `1h30m`. */
export function humanDuration(seconds: number): string {
  if (seconds === 0) return '0s';
  return goDuration(seconds).replace(/m0s$/, 'm').replace(/h0m/, 'h');
}

/** RFC 3339 in UTC; empty for no time, as KV v2 prints it. */
export function timestamp(milliseconds: number | null): string {
  return milliseconds === null ? '' : new Date(milliseconds).toISOString();
}
