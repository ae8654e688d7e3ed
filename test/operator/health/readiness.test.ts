import { describe, expect, test } from 'vitest';
import { isPassed } from '../../../src/operator/health/check.ts';
import { type ReadinessFacts, readiness } from '../../../src/operator/health/readiness.ts';

const good: ReadinessFacts = {
  watches: [
    { kind: 'Tenant', synced: true, silentSeconds: 30 },
    { kind: 'TenantIntegration', synced: true, silentSeconds: 65 },
  ],
  unansweredSeconds: 0,
  election: { leading: true, holder: 'pod-a', silentSeconds: 1 },
};

/** Names and reasons of what fails. */
function failures(facts: Partial<ReadinessFacts>): Record<string, string | undefined> {
  const failed = readiness({ ...good, ...facts }).filter(({ ok }) => !ok);
  return Object.fromEntries(failed.map(({ name, reason }) => [name, reason]));
}

describe('readiness', () => {
  test('holds for a leader whose watches are fresh', () => {
    expect(isPassed(readiness(good))).toBe(true);
    expect(readiness(good)).toEqual([
      { name: 'watch-tenant', ok: true },
      { name: 'watch-tenantintegration', ok: true },
      { name: 'api-server', ok: true },
      { name: 'leader-election', ok: true, reason: 'leads' },
    ]);
  });

  test.each([
    ['pod-b', 'follows pod-b'],
    [undefined, 'nobody leads'],
  ])('holds for a replica that follows %s', (holder, reason) => {
    const checks = readiness({ ...good, election: { leading: false, holder, silentSeconds: 2 } });
    expect(isPassed(checks)).toBe(true);
    expect(checks.at(-1)?.reason).toBe(reason);
  });

  test('holds without leader election', () => {
    expect(failures({ election: undefined })).toEqual({});
  });

  test('fails until every kind is listed', () => {
    const silentSeconds = Number.POSITIVE_INFINITY;
    expect(failures({ watches: [{ kind: 'Tenant', synced: false, silentSeconds }] })).toEqual({
      'watch-tenant': 'the Tenant objects are not listed yet',
    });
  });

  test('fails when a watch has been silent for more than 12 minutes', () => {
    const watch = { kind: 'Tenant', synced: true };
    expect(failures({ watches: [{ ...watch, silentSeconds: 720 }] })).toEqual({});
    expect(failures({ watches: [{ ...watch, silentSeconds: 721.9 }] })).toEqual({
      'watch-tenant': 'the API server has told nothing of Tenant objects for 721 s',
    });
  });

  test('fails when the API server has not answered for more than a minute', () => {
    expect(failures({ unansweredSeconds: 60 })).toEqual({});
    expect(failures({ unansweredSeconds: 61 })).toEqual({
      'api-server': 'the API server has not answered for 61 s',
    });
  });

  test('fails for a replica that cannot read the Lease: it would never take over', () => {
    const election = { leading: false, holder: undefined };
    expect(failures({ election: { ...election, silentSeconds: 90 } })).toEqual({
      'leader-election': 'the Lease could not be read for 90 s',
    });
    expect(failures({ election: { ...election, silentSeconds: Number.POSITIVE_INFINITY } })).toEqual({
      'leader-election': 'the Lease could not be read yet',
    });
  });
});
