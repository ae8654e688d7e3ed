/** Airbyte's schedules (Quartz cron, basic timing) as documents have them: five fields in UTC. */
import { schedule as scheduleSchema } from '../spec/schedule.ts';

/** A schedule of a document, or why there is none like it. */
export type Schedule = { readonly schedule: string } | { readonly problem: string };

/** What Airbyte appends; any other zone would move the hours. */
const UTC = /\s+(?:UTC|GMT|Etc\/UTC)$/i;

const EVERY: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440, week: 10_080 };

/** The Quartz expression of a connection: seconds, minutes, hours, day of month, month, day of week, and maybe a year. */
export function fromQuartz(expression: string): Schedule {
  const text = expression.trim().replace(UTC, '');
  const fields = text.split(/\s+/);
  const [, minute = '', hour = '', day = '', month = '', weekday = '', year = '*'] = fields;
  if (fields.length < 6 || fields.length > 7) {
    return { problem: 'it is no Quartz expression of 6 or 7 fields in UTC' };
  }
  if (year !== '*') return { problem: 'documents have no years' };
  const unix = [
    stepFrom(minute, { first: 0, last: 59 }),
    stepFrom(hour, { first: 0, last: 23 }),
    stepFrom(everyDay(day), { first: 1, last: 31 }),
    stepFrom(month, { first: 1, last: 12 }),
    unixWeekdays(everyDay(weekday)),
  ];
  return valid(unix.join(' '));
}

/** `Every 6 HOURS`, or `6 hours`: what Airbyte calls basic. */
export function fromBasic(timing: string): Schedule {
  const [, count = '', unit = ''] =
    /^(?:every\s+)?(\d+)\s+(minute|hour|day|week)s?$/i.exec(timing.trim()) ?? [];
  const minutes = Number(count) * (EVERY[unit.toLowerCase()] ?? 0);
  if (!(minutes > 0)) return { problem: 'it is no timing such as "Every 6 HOURS"' };
  if (minutes < 60 && 60 % minutes === 0)
    return { schedule: minutes === 1 ? '* * * * *' : `*/${minutes} * * * *` };
  if (minutes % 60 === 0 && minutes < 1440 && 1440 % minutes === 0) {
    return { schedule: minutes === 60 ? 'H * * * *' : `H */${minutes / 60} * * *` };
  }
  if (minutes === 1440) return { schedule: 'H H * * *' };
  if (minutes === 10_080) return { schedule: 'H H * * 0' };
  return { problem: 'a cron expression cannot say it: it divides neither the hour nor the day nor the week' };
}

/** A cron expression of 5 fields as it is, one of 6 or 7 as Quartz, `manual`, or a basic timing. */
export function fromAny(text: string): Schedule {
  const trimmed = text.trim();
  if (trimmed === 'manual') return { schedule: 'manual' };
  if (trimmed.split(/\s+/).length === 5) return valid(trimmed);
  const quartz = fromQuartz(trimmed);
  return 'schedule' in quartz ? quartz : firstOf(fromBasic(trimmed), quartz);
}

function firstOf(one: Schedule, other: Schedule): Schedule {
  return 'schedule' in one ? one : other;
}

function valid(text: string): Schedule {
  const upper = text.toUpperCase();
  if (scheduleSchema.safeParse(upper).success) return { schedule: upper };
  return {
    problem: 'it uses what cron expressions of 5 fields do not have (such as L, W, #, or both kinds of days)',
  };
}

function everyDay(field: string): string {
  return field === '?' ? '*' : field;
}

/** Quartz also writes a step from a first value to the end (0/15); cron wants the range spelled out. */
function stepFrom(field: string, range: { readonly first: number; readonly last: number }): string {
  return field.replace(/(^|,)(\d+|\*)\/(\d+)(?=$|,)/g, (_all, before: string, from: string, step: string) => {
    const isWhole = from === '*' || Number(from) === range.first;
    if (isWhole && step === '1') return `${before}*`;
    return `${before}${isWhole ? '*' : `${from}-${range.last}`}/${step}`;
  });
}

/** Quartz counts from Sunday as 1, cron from Sunday as 0. Behind a slash stands a number of days. */
function unixWeekdays(field: string): string {
  return field.replace(
    /(^|[,-])([1-7])(?=$|[,/-])/g,
    (_all, before: string, day: string) => `${before}${Number(day) - 1}`,
  );
}
