/** Usage by day, summed over the integrations. */
import type { Schema } from '../../../../client/index.ts';
import { bytes, count } from '../../../parts/figures.ts';

type UsageDay = Schema<'UsageDay'>;

export type Measure = 'rows' | 'syncs' | 'syncBytes' | 'calls' | 'errors';

export const MEASURES: readonly {
  readonly value: Measure;
  readonly text: string;
  readonly show: (value: number) => string;
}[] = [
  { value: 'rows', text: 'Rows synced', show: count },
  { value: 'syncs', text: 'Syncs', show: count },
  { value: 'syncBytes', text: 'Data synced', show: bytes },
  { value: 'calls', text: 'Calls', show: count },
  { value: 'errors', text: 'Failed calls', show: count },
];

export type DayFigures = { readonly day: string } & Readonly<Record<Measure, number>>;

const DAY_MS = 86_400_000;

/** Every day of the span, those without usage too, oldest first. */
export function byDay(
  usage: readonly UsageDay[],
  { from, to }: { readonly from: string; readonly to: string },
): readonly DayFigures[] {
  const found = new Map<string, Record<Measure, number>>();
  for (const each of usage) {
    const sum = found.get(each.day) ?? { rows: 0, syncs: 0, syncBytes: 0, calls: 0, errors: 0 };
    for (const { value } of MEASURES) sum[value] += each[value];
    found.set(each.day, sum);
  }
  const days: DayFigures[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const day = dayOf(at);
    days.push({ day, ...(found.get(day) ?? { rows: 0, syncs: 0, syncBytes: 0, calls: 0, errors: 0 }) });
  }
  return days;
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The last so many days to today, in UTC. */
export function spanOf(days: number, now: number): { readonly from: string; readonly to: string } {
  return { from: dayOf(now - (days - 1) * DAY_MS), to: dayOf(now) };
}

const DAY = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });

export function dayWords(day: string): string {
  return DAY.format(new Date(day));
}
