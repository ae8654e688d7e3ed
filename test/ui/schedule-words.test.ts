import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from '../../src/spec/schedule.ts';
import { scheduleWords } from '../../src/ui/pages/tenant/integrations/schedule-words.ts';

describe('a schedule', () => {
  it.each([
    ['manual', 'By hand only'],
    ['0 * * * *', 'Every hour'],
    ['H * * * *', 'Every hour'],
    ['H */6 * * *', 'Every 6 hours'],
    ['*/15 * * * *', 'Every 15 minutes'],
    ['H H * * *', 'Once a day'],
    ['H H * * 0', 'Once a day, only on Sunday (UTC)'],
    ['H H 1 * *', 'Once a day, on day 1 of the month (UTC)'],
    ['0 0 * * *', 'Every day at 00:00 (UTC)'],
    ['15 3 * * MON-FRI', 'At 03:15, Monday through Friday (UTC)'],
    ['H 3 * * *', 'Every day in the hour from 03:00 (UTC)'],
    ['H 3,5 * * 1', 'In the hour from 03:00 and 05:00, only on Monday (UTC)'],
    ['H 8-18/2 * * *', 'Every 2 hours, between 08:00 and 18:00 (UTC)'],
    ['30 H * * *', 'At 30 minutes past the hour, in one hour of the day (UTC)'],
  ])('%s is told as: %s', (given, words) => {
    expect(schedule.safeParse(given).success).toBe(true);
    expect(scheduleWords(given)).toBe(words);
  });

  const number = (least: number, most: number): fc.Arbitrary<string> => {
    const single = fc.integer({ min: least, max: most });
    const range = fc.tuple(single, single).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    const step = fc.integer({ min: 1, max: most }).map((each) => `*/${each}`);
    return fc.oneof(
      fc.constant('*'),
      step,
      fc
        .array(fc.oneof(single.map(String), range), { minLength: 1, maxLength: 3 })
        .map((all) => all.join(',')),
    );
  };
  const orH = (field: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant('H'), field);

  it('that may stand in a document has words of its own, without an H in them', () => {
    const month = fc.oneof(number(1, 12), fc.constantFrom('JAN', 'MAR-DEC'));
    const weekday = fc.oneof(number(0, 7), fc.constantFrom('SUN', 'MON-FRI', 'TUE,THU'));
    const days = fc.oneof(
      fc.tuple(fc.constant('*'), month, weekday),
      fc.tuple(number(1, 31), month, fc.constant('*')),
    );
    fc.assert(
      fc.property(orH(number(0, 59)), orH(number(0, 23)), days, (minute, hour, rest) => {
        const given = [minute, hour, ...rest].join(' ');
        fc.pre(schedule.safeParse(given).success);
        const words = scheduleWords(given);
        expect(words).not.toMatch(/Cron|\bH\b|undefined|NaN/);
        expect(words).toMatch(/^[A-Z]/);
      }),
    );
  });
});
