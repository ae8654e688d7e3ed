/** Airbyte's cron expressions: Quartz with 6 or 7 fields, in UTC. */
import { badRequest } from './problem.ts';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Part {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly words?: readonly string[];
  /** Forms that only the two day fields have: ?, L, W, #. */
  readonly special?: RegExp;
}

const PARTS: readonly Part[] = [
  { name: 'second', low: 0, high: 59 },
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of month', low: 1, high: 31, special: /^(\?|L|LW|L-\d{1,2}|\d{1,2}W)$/ },
  { name: 'month', low: 1, high: 12, words: MONTHS },
  { name: 'day of week', low: 1, high: 7, words: DAYS, special: /^(\?|L|[1-7]L|[A-Z]{3}L|[1-7]#[1-5])$/ },
  { name: 'year', low: 1970, high: 2099 },
];

/** Returns the expression without a trailing ` UTC`, or throws 400 with the reason. */
export function quartz(text: string): string {
  const expression = text.endsWith('UTC') ? text.replace('UTC', '').trim() : text.trim();
  const reason = mistake(expression.toUpperCase().split(/\s+/));
  if (reason !== undefined) {
    throw badRequest(
      `The cron expression ${text} is not valid. Error: ${reason}. Please check the cron expression format at https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html`,
    );
  }
  return expression;
}

function mistake(fields: readonly string[]): string | undefined {
  if (fields.length < 6 || fields.length > 7) {
    return `Cron expression contains ${fields.length} parts but we expect one of [6, 7]`;
  }
  for (const [index, part] of PARTS.slice(0, fields.length).entries()) {
    const field = fields[index] as string;
    const fits = part.special?.test(field) === true || field.split(',').every((item) => fitsItem(item, part));
    if (!fits) return `"${field}" is no value of the field ${part.name}`;
  }
  if ((fields[3] === '?') === (fields[5] === '?')) {
    return 'Both, a day-of-week AND a day-of-month parameter, are not supported: one of them must be ?';
  }
  return tooOften(fields);
}

/** Airbyte refuses schedules that may run more often than hourly, by this rough rule. */
function tooOften(fields: readonly string[]): string | undefined {
  const fixed = fields.length === 7 ? fields.slice(0, 2) : fields.slice(0, 1);
  return fixed.every((field) => /^\d+$/.test(field))
    ? undefined
    : 'it is less than the one hour minimum. The seconds and minutes values cannot be `*`';
}

function fitsItem(item: string, part: Part): boolean {
  const [range = '', step, more] = item.split('/');
  if (more !== undefined || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
  if (range === '*') return true;
  const [first = '', last, rest] = range.split('-');
  return rest === undefined && fitsValue(first, part) && (last === undefined || fitsValue(last, part));
}

function fitsValue(value: string, part: Part): boolean {
  if (part.words?.includes(value) === true) return true;
  return /^\d+$/.test(value) && Number(value) >= part.low && Number(value) <= part.high;
}
