/** Why a job failed of which Airbyte tells only that it did. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TenantryError } from '../../../../src/errors.ts';
import { createDiagnosis } from '../../../../src/sidecar/syncs/failures/diagnose.ts';
import { retryDelay } from '../../../../src/sidecar/syncs/failures/retry.ts';
import type { Failure, JobFacts } from '../../../../src/sidecar/syncs/runner.ts';
import { GOOD, type ProviderWorld, startProviderWorld } from './provider-world.ts';

let world: ProviderWorld;
beforeAll(async () => {
  world = await startProviderWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => {
  Object.assign(world.token, { value: GOOD, error: undefined });
  world.saas.faults('notion').reset();
});

const place = { tenant: 'acme', integration: 'notion' };
const signal = new AbortController().signal;
const job: JobFacts = {
  jobId: '4711',
  status: 'failed',
  rows: 0,
  bytes: 0,
  updatedAt: '2026-03-01T12:00:00Z',
  message: undefined,
};
const failureOf = (): Promise<Failure> => createDiagnosis(world.parts)({ place, job }, signal);

describe('a failed job', () => {
  it('of a refused token is found by asking the provider', async () => {
    world.token.value = 'revoked-token';
    const failure = await failureOf();
    expect(failure.class).toBe('token');
    expect(failure.error.message).toBe('Notion refuses the stored credential (unauthorized, status 401)');
    expect(retryDelay({ failure, attempt: 1, random: 0 })).toBeLessThan(60_000);
  });

  it('of a rate limit is tried again when the provider says so', async () => {
    world.saas.faults('notion').failNext(1, 429, { 'retry-after': '600' });
    const failure = await failureOf();
    expect(failure).toMatchObject({ class: 'rate_limit', retryAfterSeconds: 600 });
    expect(retryDelay({ failure, attempt: 1, random: 0 })).toBeGreaterThanOrEqual(600_000);
  });

  it('of a provider that is down says so', async () => {
    world.saas.faults('notion').outage(503);
    const failure = await failureOf();
    expect(failure.class).toBe('provider');
    expect(failure.error.message).toContain('Notion answers with an error of its own');
  });

  it('whose provider is well is the connector’s', async () => {
    const failure = await failureOf();
    expect(failure.class).toBe('connector');
    expect(failure.error.message).toContain('although Notion answers and takes the credential');
  });

  it('whose grant has ended needs a person, and no call is made', async () => {
    world.token.error = new TenantryError(
      'NeedsReauthorization',
      'Notion has ended the grant (invalid_grant)',
    );
    const failure = await failureOf();
    expect(failure.class).toBe('token');
    expect(failure.error.code).toBe('NeedsReauthorization');
    expect(failure.error.hint).toBe('connect Notion again');
    expect(retryDelay({ failure, attempt: 1, random: 0 })).toBeUndefined();
    expect(world.saas.faults('notion').calls()).toBe(0);
  });

  it('of an installation that is suspended says so', async () => {
    world.token.error = new TenantryError('Forbidden', 'the installation of notion of acme is suspended');
    const failure = await failureOf();
    expect(failure.class).toBe('configuration');
    expect(failure.error.message).toBe('Notion is suspended');
  });

  it('is the connector’s where the question itself fails, and the log tells', async () => {
    world.token.error = new TenantryError('VaultUnreachable', 'no answer from vault.internal');
    const failure = await failureOf();
    expect(failure.class).toBe('connector');
    expect(JSON.stringify([failure.error.message, failure.error.hint])).not.toContain('vault');
    expect(world.context.lines.join('')).toContain('could not be asked');
  });

  it('that is stuck, or an error that tells enough, costs no call', async () => {
    const check = vi.fn();
    const diagnose = createDiagnosis({ ...world.parts, check });
    expect((await diagnose({ place, job, isStuck: true }, signal)).class).toBe('stuck');
    const error = new TenantryError('AirbyteUnavailable', 'POST /jobs: Airbyte answers 503');
    expect((await diagnose({ place, error }, signal)).class).toBe('airbyte');
    expect((await diagnose({ place, error: new Error('boom') }, signal)).error.code).toBe('Internal');
    expect(check).not.toHaveBeenCalled();
  });

  it('of an integration whose document is gone has a class as well', async () => {
    const diagnose = createDiagnosis(world.parts);
    const failure = await diagnose({ place: { tenant: 'acme', integration: 'stripe' }, job }, signal);
    expect(failure.class).toBe('connector');
  });

  it('is left undecided when the process ends', async () => {
    const check = () => Promise.reject(new TenantryError('Cancelled', 'stopped'));
    const diagnose = createDiagnosis({ ...world.parts, check });
    await expect(diagnose({ place, job }, AbortSignal.abort())).rejects.toMatchObject({ code: 'Cancelled' });
  });
});
