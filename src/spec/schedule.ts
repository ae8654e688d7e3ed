/** The schedule of a sync: "manual", or a cron expression that Airbyte, our runner and the API server read alike. */
import { Cron } from 'croner';
import { z } from 'zod';
import { matches } from './cel.ts';

const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** One field of a cron expression: `*`, numbers, ranges, steps and lists of these, with names where there are any. */
function field(number: string, step: string, names: readonly string[] = []): string {
  const single = [number, ...names].join('|');
  // Ranges of names are spelled out in the order of the week or year, because a pattern cannot compare them.
  const ranges = names.slice(0, -1).map((name, index) => `${name}-(?:${names.slice(index + 1).join('|')})`);
  const range = [`(?:${number})-(?:${number})`, ...ranges].join('|');
  const item = `(?:\\*(?:/(?:${step}))?|(?:${range})(?:/(?:${step}))?|${single})`;
  return `${item}(?:,${item})*`;
}

/** `H` is a number that depends on the document's name: it spreads tenants over the hour or the day. */
const MINUTE = `(?:H|${field('[0-5]?[0-9]', '[1-9]|[1-5][0-9]|60')})`;
const HOUR = `(?:H|${field('[01]?[0-9]|2[0-3]', '[1-9]|1[0-9]|2[0-4]')})`;
const DAY = field('0?[1-9]|[12][0-9]|3[01]', '[1-9]|[12][0-9]|3[01]');
const MONTH = field('0?[1-9]|1[0-2]', '[1-9]|1[0-2]', MONTHS);
const WEEKDAY = field('[0-7]', '[1-7]', DAYS);

/** Days of the month or days of the week, not both: Quartz, which Airbyte uses, cannot do both. */
const GRAMMAR = new RegExp(
  `^(?:manual|${MINUTE} +${HOUR} +(?:\\* +${MONTH} +${WEEKDAY}|${DAY} +${MONTH} +\\*))$`,
);

/** Short enough for a person to read in an editor; the whole grammar is checked behind it. */
const OUTLINE = /^(?:manual|[0-9H*/,-]+(?: +[0-9A-Z*/,-]+){4})$/;

/** The longest schedule; it bounds what a check in the API server may cost. */
const MOST_CHARACTERS = 120;

const RULE =
  'must be "manual" or a cron expression of 5 fields (minute hour day month weekday; H for any minute or hour), in UTC, with days of the month or of the week, not both';
const BACKWARDS = 'has a range that runs backwards; write the lower end first';

/** The same checks for the API server (Common Expression Language), which has no cron parser. */
const CEL = [
  { rule: matches(GRAMMAR.source), message: RULE },
  {
    rule: "self.findAll('[0-9]{1,2}-[0-9]{1,2}').all(r, int(r.split('-')[0]) <= int(r.split('-')[1]))",
    message: BACKWARDS,
  },
];

/** The grammar lets only ranges that run backwards through to the parser. */
function isCron(text: string): boolean {
  try {
    new Cron(text.replace(/\bH\b/g, '0'), { paused: true }).stop();
    return true;
  } catch {
    return false;
  }
}

export const schedule = z
  .string()
  .max(MOST_CHARACTERS, { error: `must have at most ${MOST_CHARACTERS} characters` })
  .regex(OUTLINE, { error: RULE, abort: true })
  .refine((text) => GRAMMAR.test(text), { error: RULE, abort: true })
  .refine((text) => !text.includes('-') || isCron(text), { error: BACKWARDS })
  .meta({ cel: CEL, tokensUnchecked: true });
