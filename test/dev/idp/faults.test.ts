import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { askToken, refresh } from './browser.ts';

let idp: DevIdp;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['notion', 'jira'] });
});
beforeEach(() => idp.faults('jira').reset());
afterAll(() => idp.close());

const newToken = async (): Promise<string> =>
  (await idp.issue('jira', { tenant: 'acme' })).refreshToken ?? '';
const ask = (token: unknown): ReturnType<typeof askToken> => askToken(idp, 'jira', refresh(token));

describe('faults of a vendor', () => {
  it('count calls by grant type and vendor, refused ones too', async () => {
    const token = await newToken();
    await ask(token);
    await ask('made-up');
    expect(idp.faults('jira').calls('refresh_token')).toBe(2);
    expect(idp.faults('jira').calls('authorization_code')).toBe(0);
    expect(idp.faults('jira').calls()).toBe(2);
    expect(idp.faults('notion').calls()).toBe(0);
  });

  it('fail the next calls with a status and headers and without effect', async () => {
    const token = await newToken();
    idp.faults('jira').failNext(2, 429, { 'retry-after': '7' });
    for (let time = 0; time < 2; time += 1) {
      const response = await fetch(idp.endpoints('jira').tokenUrl, { method: 'POST' });
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
    }
    expect((await ask(token)).status).toBe(200);
  });

  it('lose an answer after the token was rotated', async () => {
    const token = await newToken();
    idp.faults('jira').loseNext(1);
    await expect(ask(token)).rejects.toThrow('fetch failed');
    expect((await ask(token)).body.error).toBe('unauthorized_client');
  });

  it('cut or refuse everything while the vendor is out, and nothing afterwards', async () => {
    const token = await newToken();
    const faults = idp.faults('jira');
    faults.outage(true);
    await expect(ask(token)).rejects.toThrow('fetch failed');
    await expect(fetch(idp.endpoints('jira').authorizationUrl)).rejects.toThrow('fetch failed');
    faults.outage(503);
    expect((await ask(token)).status).toBe(503);
    faults.outage(false);
    expect((await ask(token)).status).toBe(200);
  });

  it('hold calls before their effect and before their answer', async () => {
    const token = await newToken();
    const before = Promise.withResolvers<void>();
    const after = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    idp.faults('jira').delay(() => before.promise);
    idp.faults('jira').delayAnswer(async (kind) => {
      expect(kind).toBe('refresh_token');
      reached.resolve();
      await after.promise;
    });
    let answered = false;
    const answer = ask(token).then((result) => {
      answered = true;
      return result;
    });
    before.resolve();
    await reached.promise;
    expect(answered).toBe(false);
    after.resolve();
    expect((await answer).status).toBe(200);
  });
});
