/** The log of a run in plain words. */
import { describe, expect, it } from 'vitest';
import { type LoggedRun, logLines } from '../../../../src/sidecar/syncs/log/lines.ts';

const at = (time: string): string => `2026-03-01T${time}Z`;
const run = (changes: Partial<LoggedRun>): LoggedRun => ({
  trigger: 'schedule',
  status: 'succeeded',
  attempt: 1,
  createdAt: at('12:00:00'),
  dueAt: at('12:00:00'),
  startedAt: undefined,
  endedAt: undefined,
  progressAt: undefined,
  cancelRequestedAt: undefined,
  waitUntil: undefined,
  postponed: 0,
  rows: undefined,
  bytes: undefined,
  error: undefined,
  retryAt: undefined,
  ...changes,
});
const texts = (...runs: readonly LoggedRun[]): string[] => logLines(runs, 'Notion').map(({ text }) => text);

describe('the log', () => {
  it('of a good run tells when it was due, began and ended, and what arrived', () => {
    const good = run({
      startedAt: at('12:00:05'),
      endedAt: at('12:03:05'),
      rows: 12_345,
      bytes: 3_400_000,
    });
    expect(logLines([good], 'Notion')).toEqual([
      { at: at('12:00:00'), text: 'due by its schedule' },
      { at: at('12:00:05'), text: 'the sync of Notion began' },
      { at: at('12:03:05'), text: 'it ended well, after 3 minutes: 12,345 rows (3.4 MB)' },
    ]);
  });

  it('of a run that waits tells why, and when it is tried again', () => {
    const error = { code: 'AirbyteUnavailable', class: 'airbyte', message: 'the service is away' } as const;
    expect(texts(run({ status: 'waiting', postponed: 2, waitUntil: at('12:05:00'), error }))).toEqual([
      'due by its schedule',
      `it has not begun yet: put off 2 times, because the service is away; the next try is at ${at('12:05:00')}`,
    ]);
  });

  it('of a run that is under way tells what has arrived', () => {
    const under = run({
      trigger: 'manual',
      status: 'running',
      startedAt: at('12:00:05'),
      progressAt: at('12:01:00'),
      rows: 1,
      bytes: 1,
    });
    expect(texts(under)).toEqual([
      'somebody asked for it',
      'the sync of Notion began',
      '1 row (1 byte) so far',
    ]);
  });

  it('of a try tells those before it, in order, and that the credential is another one', () => {
    const error = { code: 'ProviderRejected', class: 'token', message: 'refused', nextStep: 'wait' } as const;
    const first = run({
      status: 'failed',
      startedAt: at('12:00:05'),
      endedAt: at('12:01:05'),
      error,
      retryAt: at('12:01:20'),
    });
    const second = run({
      trigger: 'retry',
      attempt: 2,
      createdAt: at('12:01:05'),
      dueAt: at('12:01:20'),
      startedAt: at('12:01:20'),
      endedAt: at('12:02:00'),
      rows: 0,
    });
    expect(texts(second, first)).toEqual([
      'due by its schedule',
      'the sync of Notion began',
      'it failed, after 60 seconds: refused',
      'next step: wait',
      `it is tried again at ${at('12:01:20')}`,
      `try 2: due at ${at('12:01:20')}`,
      'the sync of Notion began, with a renewed credential',
      'it ended well, after 40 seconds: 0 rows',
    ]);
  });

  it('of a run that was not begun or was stopped says so', () => {
    const error = { code: 'QuotaExceeded', class: 'airbyte', message: 'its 3 syncs are made' } as const;
    expect(texts(run({ status: 'skipped', endedAt: at('12:00:00'), error }))).toEqual([
      'due by its schedule',
      'it was not begun: its 3 syncs are made',
    ]);
    const stopped = run({
      trigger: 'first',
      status: 'cancelled',
      startedAt: at('12:00:05'),
      cancelRequestedAt: at('12:01:00'),
      endedAt: at('12:01:05'),
      rows: 7,
    });
    expect(texts(stopped)).toEqual([
      'Notion was connected: the first sync',
      'the sync of Notion began',
      'somebody asked to stop it',
      'it was stopped, after 60 seconds; 7 rows arrived',
    ]);
  });
});
