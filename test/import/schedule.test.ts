import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromAny, fromBasic, fromQuartz } from '../../src/import/schedule.ts';
import { quartzSchedule } from '../../src/plan/schedule.ts';

describe('a schedule of Airbyte', () => {
  it.each([
    ['0 15 */6 * * ?', '15 */6 * * *'],
    ['0 0/15 * * * ? UTC', '*/15 * * * *'],
    ['0 5/20 * * * ?', '5-59/20 * * * *'],
    ['0 0 2/6 * * ?', '0 2-23/6 * * *'],
    ['0 0 6 ? * MON-FRI *', '0 6 * * MON-FRI'],
    ['0 0 6 ? * 2-6', '0 6 * * 1-5'],
    ['0 0 6 ? * 1,7', '0 6 * * 0,6'],
    ['0 30 4 1 1/3 ?', '30 4 1 */3 *'],
  ])('%s is %s', (quartz, cron) => {
    expect(fromQuartz(quartz)).toEqual({ schedule: cron });
  });

  it.each([
    ['0 0 6 L * ?', /L, W, #/],
    ['0 0 6 ? * 2#1', /L, W, #/],
    ['0 0 6 ? * 6-1', /L, W, #/],
    ['0 0 6 * * ? 2030', /no years/],
    ['0 0 6 * * ? Europe/Berlin', /no years/],
    ['6 * * *', /6 or 7 fields/],
  ])('%s is told, and not guessed', (quartz, problem) => {
    expect(fromQuartz(quartz)).toMatchObject({ problem: expect.stringMatching(problem) });
  });

  it.each([
    ['Every 6 HOURS', 'H */6 * * *'],
    ['Every 1 HOURS', 'H * * * *'],
    ['Every 24 HOURS', 'H H * * *'],
    ['30 minutes', '*/30 * * * *'],
    ['Every 1 WEEKS', 'H H * * 0'],
  ])('%s is %s', (basic, cron) => {
    expect(fromBasic(basic)).toEqual({ schedule: cron });
  });

  it.each(['Every 36 HOURS', 'Every 7 MINUTES', 'Every 0 HOURS', 'often'])('%s is told', (basic) => {
    expect(fromBasic(basic)).toHaveProperty('problem');
  });

  it('comes back as it is when Tenantry writes it', () => {
    const minute = fc.constantFrom('0', '15', '*/20', '1,31', '5-59/10');
    const hour = fc.constantFrom('*', '3', '*/6', '8-18');
    const days = fc.constantFrom('* * *', '1 * *', '* * 1-5', '* * MON', '* 1,7 *', '* * 0');
    fc.assert(
      fc.property(minute, hour, days, (...fields) => {
        const cron = fields.join(' ');
        const quartz = quartzSchedule(cron, 'acme-notion');
        const read = fromAny(quartz);
        expect('schedule' in read && quartzSchedule(read.schedule, 'acme-notion')).toBe(quartz);
      }),
    );
  });
});
