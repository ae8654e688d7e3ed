/** When a connection is due: the times of its cron expression in UTC, each spread by a jitter that is always the same. Pure. */
import { Cron } from 'croner';
import type { CredentialPlace } from '../../credentials/store.ts';
import { spreadSchedule, stableNumber } from '../../plan/schedule.ts';
import { credentialPath } from '../../resources/vault/paths.ts';

export interface Scheduled extends CredentialPlace {
  /** Name of the document, which H stands for. */
  readonly name: string;
  /** `manual`, or a cron expression of 5 fields with H. */
  readonly schedule: string;
}

export interface Due {
  /** Time of the schedule, in milliseconds since 1970. */
  readonly slot: number;
  /** With the jitter. */
  readonly at: number;
}

/** A thousand tenants on one cron are spread over so long, in milliseconds, or over a tenth of the period if that is less. */
const MOST_JITTER_MS = 600_000;
const FINENESS = 1_000_000;
const MOST_CRONS = 50_000;
const crons = new Map<string, Cron>();

/** The first that is later than `after`; undefined where no schedule says one. */
export function nextDue(of: Scheduled, after: number): Due | undefined {
  const cron = cronOf(of);
  if (!cron) return undefined;
  for (let from = after - MOST_JITTER_MS; ; ) {
    const slot = cron.nextRun(new Date(from))?.getTime();
    if (slot === undefined) return undefined;
    const at = slot + jitterMs(cron, of, slot);
    if (at > after) return { slot, at };
    from = slot;
  }
}

/** The last that is not later than `now`. */
export function latestDue(of: Scheduled, now: number): Due | undefined {
  const cron = cronOf(of);
  if (!cron) return undefined;
  // The parser counts in whole seconds and leaves out the reference itself.
  for (let before = now + 1_000; ; ) {
    const slot = cron.previousRuns(1, new Date(before))[0]?.getTime();
    if (slot === undefined) return undefined;
    const at = slot + jitterMs(cron, of, slot);
    if (at <= now) return { slot, at };
    before = slot;
  }
}

/** When Airbyte's own scheduler runs it next: it knows the same cron, and a second instead of the jitter. */
export function nextInAirbyte(of: Scheduled, after: number): number | undefined {
  const second = stableNumber(of.name, 60) * 1_000;
  const slot = cronOf(of)?.nextRun(new Date(after - second));
  return slot ? slot.getTime() + second : undefined;
}

/** 0 ≤ x < 1, always the same for a place. */
export function fractionOf(place: CredentialPlace): number {
  return stableNumber(`${credentialPath(place.tenant, place.integration)} start`, FINENESS) / FINENESS;
}

function jitterMs(cron: Cron, place: CredentialPlace, slot: number): number {
  const next = cron.nextRun(new Date(slot))?.getTime();
  const range = next === undefined ? MOST_JITTER_MS : Math.min(MOST_JITTER_MS, (next - slot) / 10);
  return Math.floor(fractionOf(place) * range);
}

function cronOf({ schedule, name }: Scheduled): Cron | undefined {
  if (schedule === 'manual') return undefined;
  const text = spreadSchedule(schedule, name);
  const known = crons.get(text);
  if (known) return known;
  const made = new Cron(text, { timezone: 'UTC', paused: true });
  if (crons.size >= MOST_CRONS) crons.clear();
  crons.set(text, made);
  return made;
}
