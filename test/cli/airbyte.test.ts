import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevAirbyte, startDevAirbyte } from '../../src/dev/airbyte/server.ts';
import { cli } from '../support/cli.ts';

let airbyte: DevAirbyte;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  airbyte = await startDevAirbyte({ saas: {} });
  env = {
    VAULT_ADDR: 'http://127.0.0.1:1',
    VAULT_TOKEN: 'unused',
    PGHOST: '127.0.0.1',
    PGPASSWORD: 'unused',
    AIRBYTE_URL: airbyte.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
  };
});
afterAll(() => airbyte.close());

describe('tenantry airbyte token-status', () => {
  it('tells the method and the seconds left, and no token', async () => {
    const { code, stdout } = await cli(['airbyte', 'token-status', '-o', 'json'], { env });
    const status = JSON.parse(stdout) as { ok: boolean; method: string; secondsLeft: number };
    expect([code, status.ok, status.method]).toEqual([0, true, 'client_credentials']);
    expect(status.secondsLeft).toBeGreaterThan(0);
    expect(Object.keys(status)).toEqual(['ok', 'method', 'secondsLeft']);
  });

  it('says what is wrong with refused credentials, with exit code 1', async () => {
    const wrong = { ...env, AIRBYTE_CLIENT_SECRET: 'canary-wrong-secret' };
    const { code, stdout, stderr } = await cli(['airbyte', 'token-status'], { env: wrong });
    expect(code).toBe(1);
    expect(stdout).toContain('refused');
    expect(stderr).toContain('AirbyteUnauthorized');
    expect(stdout + stderr).not.toContain('canary-wrong-secret');
  });
});
