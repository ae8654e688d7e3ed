import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quartzSchedule } from '../../src/plan/schedule.ts';

/** Everything but the second, which is the jitter. */
function afterSecond(schedule: string): string {
  return quartzSchedule(schedule, 'acme-notion').split(' ').slice(1).join(' ');
}

describe('a cron expression for Airbyte', () => {
  it.each([
    ['0 * * * *', '0 * * * ?'],
    ['*/15 6-18 * * *', '*/15 6-18 * * ?'],
    ['30 4 1 * *', '30 4 1 * ?'],
    ['0 5 * * 1', '0 5 ? * 2'],
    ['0 5 * * 0', '0 5 ? * 1'],
    ['0 5 * * 7', '0 5 ? * 1'],
    ['0 5 * * 1-5', '0 5 ? * 2,3,4,5,6'],
    ['0 5 * * 5-7', '0 5 ? * 6,7,1'],
    ['0 5 * * MON-FRI', '0 5 ? * MON-FRI'],
    ['0 5 * * 1,3', '0 5 ? * 2,4'],
  ])('turns %s into %s after the second', (cron, quartz) => {
    expect(afterSecond(cron)).toBe(quartz);
  });

  it('leaves manual as it is', () => {
    expect(quartzSchedule('manual', 'acme-notion')).toBe('manual');
  });

  it('is the same for the same name every time, and not the same for all names', () => {
    const of = (name: string): string => quartzSchedule('H H * * *', name);
    expect(of('acme-notion')).toBe(of('acme-notion'));
    expect(new Set(['a', 'b', 'c', 'd', 'e'].map(of)).size).toBeGreaterThan(1);
  });

  it('always has a second, minute and hour in range, and one of the two day fields left open', () => {
    const field = fc.constantFrom('*', 'H', '5', '*/10');
    const weekday = fc.constantFrom('*', '0', '1-5', '7', 'SUN', '*/2');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), field, field, weekday, (name, minute, hour, day) => {
        const parts = quartzSchedule(`${minute} ${hour} * * ${day}`, name).split(' ');
        expect(parts).toHaveLength(6);
        expect(Number(parts[0])).toBeLessThan(60);
        expect(parts.filter((part) => part === '?')).toHaveLength(1);
        if (minute === 'H') expect(Number(parts[1])).toBeLessThan(60);
        if (hour === 'H') expect(Number(parts[2])).toBeLessThan(24);
      }),
    );
  });
});
