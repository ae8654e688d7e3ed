import { describe, expect, it } from 'vitest';
import { FailedAttempts } from '../../../src/sidecar/callers/attempts.ts';

const clock = { ms: 0 };
const attempts = (): FailedAttempts => new FailedAttempts(() => clock.ms);

function fail(subject: FailedAttempts, address: string, times: number): void {
  for (let i = 0; i < times; i++) subject.failed(address, `wrong-${i}`);
}

describe('failed attempts', () => {
  it('are let through sixty times a minute from one address', () => {
    const subject = attempts();
    fail(subject, '192.0.2.1', 59);
    subject.admit('192.0.2.1', 'x');
    fail(subject, '192.0.2.1', 1);
    clock.ms += 15_000;
    expect(() => subject.admit('192.0.2.1', 'x')).toThrow(
      expect.objectContaining({ code: 'RateLimited', retryAfterSeconds: 45 }),
    );
    subject.admit('192.0.2.2', 'x');
    clock.ms += 45_000;
    subject.admit('192.0.2.1', 'x');
  });

  it('do not shut out a neighbour whose credential was good', () => {
    const subject = attempts();
    subject.succeeded('good');
    fail(subject, '192.0.2.1', 60);
    subject.admit('192.0.2.1', 'good');
    // Until it is good no longer.
    subject.failed('192.0.2.1', 'good');
    expect(() => subject.admit('192.0.2.1', 'good')).toThrow('too many failed attempts');
  });

  it('of one network of IPv6 count together, however it is written', () => {
    const subject = attempts();
    fail(subject, '2001:db8::1', 30);
    fail(subject, '2001:db8:0:0:ffff::2', 30);
    expect(() => subject.admit('2001:db8:0:0:1:2:3:4', 'x')).toThrow('too many failed attempts');
    subject.admit('2001:db8:0:1::1', 'x');
    subject.admit('::1', 'x');
    fail(subject, '::ffff:192.0.2.1', 60);
    subject.admit('::ffff:192.0.2.2', 'x');
  });
});
