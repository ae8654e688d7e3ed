/** Cron expressions of documents (5 fields, Unix) as Airbyte wants them (Quartz), spread by a stable jitter. */
import { createHash } from 'node:crypto';

/** A number from 0 to below `range` that is always the same for a name. */
export function stableNumber(name: string, range: number): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % range;
}

/**
 * Days of the week: 0–7 with Sunday as 0 and 7 in cron, 1–7 from Sunday in Quartz. Names are the same in both. Ranges of
 * numbers are spelled out, because one that ends on Sunday as 7 would run backwards in Quartz.
 */
function quartzWeekdays(field: string): string {
  return field.split(',').map(quartzWeekdayPart).join(',');
}

function quartzWeekdayPart(part: string): string {
  const [days = '', step] = part.split('/');
  const range = /^(\d)-(\d)$/.exec(days);
  const quartz = (day: number): number => (day % 7) + 1;
  if (range) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    const list: number[] = [];
    for (let day = from; day <= to; day += Number(step ?? 1)) list.push(quartz(day));
    return [...new Set(list)].join(',');
  }
  const shifted = /^\d$/.test(days) ? String(quartz(Number(days))) : days;
  return step === undefined ? shifted : `${shifted}/${step}`;
}

/** The expression with a number that depends on the name for each `H`. */
export function spreadSchedule(schedule: string, name: string): string {
  const [minute = '*', hour = '*', ...rest] = schedule.trim().split(/\s+/);
  const spread = (field: string, range: number): string =>
    field.replace(/^H/, String(stableNumber(`${name} ${range}`, range)));
  return [spread(minute, 60), spread(hour, 24), ...rest].join(' ');
}

/**
 * `manual`, or the Quartz expression in UTC. `H` stands for a number that depends on the name, in the minute field from
 * 0 to 59 and in the hour field from 0 to 23; the second is always such a number, so that tenants do not start at once.
 */
export function quartzSchedule(schedule: string, name: string): string {
  if (schedule === 'manual') return schedule;
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = spreadSchedule(schedule, name)
    .trim()
    .split(/\s+/);
  const byWeekday = weekday !== '*';
  return [
    stableNumber(name, 60),
    minute,
    hour,
    byWeekday ? '?' : day,
    month,
    byWeekday ? quartzWeekdays(weekday) : '?',
  ].join(' ');
}
