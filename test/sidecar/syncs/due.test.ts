/** When connections are due: slots, jitter, and what is missed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latestDue, nextDue, nextInAirbyte, type Scheduled } from '../../../src/sidecar/syncs/due.ts';

const HOUR = 3_600_000;
const BASE = Date.parse('2026-03-01T00:00:00Z');

function of(schedule: string, tenant = 'acme'): Scheduled {
  return { tenant, integration: 'notion', name: `${tenant}-notion`, schedule };
}

const schedules = fc.constantFrom(
  '0 * * * *',
  '*/5 * * * *',
  '30 2 * * *',
  'H H * * *',
  'H */6 * * *',
  '15 3 * * MON-FRI',
  '0 0 1 * *',
);
const times = fc.integer({ min: BASE, max: BASE + 400 * 24 * HOUR });

describe('due times', () => {
  it('have none for a sync that is started by hand', () => {
    expect(nextDue(of('manual'), BASE)).toBeUndefined();
    expect(latestDue(of('manual'), BASE)).toBeUndefined();
  });

  it('are in UTC, and at most a tenth of the period or 10 minutes late', () => {
    const hourly = nextDue(of('0 * * * *'), BASE + 1);
    expect(hourly?.slot).toSatisfy((slot: number) => slot === BASE || slot === BASE + HOUR);
    const daily = nextDue(of('30 2 * * *'), BASE);
    expect(daily?.slot).toBe(BASE + 2.5 * HOUR);
    expect((daily?.at ?? 0) - (daily?.slot ?? 0)).toSatisfy((late: number) => late >= 0 && late < 600_000);
  });

  it('follow one another without a gap, and each is the latest until the next one', () => {
    fc.assert(
      fc.property(schedules, times, fc.string({ minLength: 1, maxLength: 8 }), (schedule, after, tenant) => {
        const place = of(schedule, tenant);
        const next = nextDue(place, after);
        if (!next) throw new Error('every one of these is due again');
        expect(next.at).toBeGreaterThan(after);
        expect(next.at).toBeGreaterThanOrEqual(next.slot);
        expect(latestDue(place, next.at)).toEqual(next);
        const following = nextDue(place, next.at);
        expect(following?.slot).toBeGreaterThan(next.slot);
        expect(latestDue(place, (following?.at ?? 0) - 1)).toEqual(next);
      }),
    );
  });

  it('spread a thousand tenants on one cron over the minutes, the same each time', () => {
    const ats = Array.from(
      { length: 1000 },
      (_, n) => nextDue(of('0 3 * * *', `tenant-${n}`), BASE)?.at ?? 0,
    );
    const minutes = Map.groupBy(ats, (at) => Math.floor(at / 60_000));
    expect(minutes.size).toBe(10);
    for (const each of minutes.values()) expect(each.length).toBeLessThan(150);
    expect(nextDue(of('0 3 * * *', 'tenant-7'), BASE)?.at).toBe(ats[7]);
  });

  it('tells when Airbyte’s own scheduler is next, which knows no jitter', () => {
    const next = nextInAirbyte(of('0 * * * *'), BASE + 60_000) ?? 0;
    expect(next).toSatisfy((at: number) => at >= BASE + HOUR && at < BASE + HOUR + 60_000);
  });
});
