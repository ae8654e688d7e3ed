/** Credentials that end, are refused or are replaced while the client works. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  clientOf,
  json,
  refusal,
  START,
  type StrangeServer,
  startStrangeServer,
  type TestClient,
} from './strange-server.ts';

const PATH = '/apis/tenantry.dev/v1alpha1/tenants';
const LIST = { items: [], metadata: { resourceVersion: '7' } };

let server: StrangeServer;
const made: TestClient[] = [];

beforeAll(async () => {
  server = await startStrangeServer();
});
afterEach(async () => {
  await Promise.all(made.splice(0).map(({ client }) => client.close()));
});
afterAll(() => server.close());

function make(options?: Parameters<typeof clientOf>[1]): TestClient {
  const test = clientOf(server, options);
  made.push(test);
  return test;
}

describe('credentials', () => {
  const anew = { headers: { authorization: 'Bearer another-token' }, namespace: 'default' };

  it('are read anew at a 401, once for all calls that wait, and the calls are repeated', async () => {
    let logins = 0;
    const { client } = make({
      read: async (known) => {
        logins += 1;
        return { ...known, ...anew };
      },
    });
    server.answer(({ authorization }, response) =>
      authorization === 'Bearer another-token'
        ? json(response, 200, LIST)
        : json(response, 401, refusal(401, 'Unauthorized')),
    );
    await Promise.all(Array.from({ length: 20 }, () => client.list(PATH, {})));
    expect(logins).toBe(1);
    expect(server.asked.length).toBeLessThanOrEqual(40);
  });

  it('are not read anew for each refusal when that brings nothing', async () => {
    let logins = 0;
    const { client, clock } = make({
      read: async (known) => {
        logins += 1;
        return known;
      },
    });
    server.answer((_, response) => json(response, 401, refusal(401, 'Unauthorized')));
    for (let call = 0; call < 5; call += 1) {
      await expect(client.list(PATH, {})).rejects.toMatchObject({ code: 'KubernetesUnauthorized' });
    }
    expect(server.asked).toHaveLength(5);
    expect(logins).toBe(1);
    clock.now += 10_000;
    await expect(client.list(PATH, {})).rejects.toMatchObject({ code: 'KubernetesUnauthorized' });
    expect(logins).toBe(2);
  });

  it('are repeated once and not in a loop when the new ones are refused too', async () => {
    let count = 0;
    const { client } = make({
      read: async (known) => {
        count += 1;
        return { ...known, headers: { authorization: `Bearer token-number-${count}` } };
      },
    });
    server.answer((_, response) => json(response, 401, refusal(401, 'Unauthorized')));
    await expect(client.create(PATH, {})).rejects.toMatchObject({ code: 'KubernetesUnauthorized' });
    expect(server.asked).toHaveLength(2);
  });

  it('are read anew before they end', async () => {
    const { client, clock } = make({
      credentials: { expiresAt: START + 60_000 },
      read: async (known) => ({ ...known, ...anew, expiresAt: START + 3_600_000 }),
    });
    server.answer((_, response) => json(response, 200, LIST));
    await client.list(PATH, {});
    clock.now += 40_000;
    await client.list(PATH, {});
    await client.list(PATH, {});
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-of-the-test',
      'Bearer another-token',
      'Bearer another-token',
    ]);
  });

  it('stay as they were while a login fails, and the refusal says why it failed', async () => {
    const { client } = make({
      read: async () => {
        throw new Error('the program get-token is not there');
      },
    });
    server.answer((_, response) => json(response, 401, refusal(401, 'Unauthorized')));
    await expect(client.list(PATH, {})).rejects.toMatchObject({
      code: 'KubernetesUnauthorized',
      message: `GET ${PATH}: Unauthorized; the program get-token is not there`,
    });
  });

  it('do not hold a call longer than its time limit', async () => {
    const { client } = make({ read: () => new Promise(() => undefined) });
    server.answer((_, response) => json(response, 401, refusal(401, 'Unauthorized')));
    await expect(client.list(PATH, {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
    });
  });

  it('are known to the redactor, the new ones too', async () => {
    const { client, redactor } = make({
      read: async (known) => ({ ...known, ...anew, carried: { refreshToken: 'refresh-token' } }),
    });
    server.answer((_, response, index) => json(response, index === 0 ? 401 : 200, LIST));
    await client.list(PATH, {});
    expect(redactor.redact('token-of-the-test another-token refresh-token')).toBe(
      '[redacted] [redacted] [redacted]',
    );
  });
});
