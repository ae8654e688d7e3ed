import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { proxyRoutesWith } from '../../../src/sidecar/proxy/routes.ts';
import {
  bodyOf,
  json,
  NEW_TOKEN,
  OLD_TOKEN,
  type ProxyWorld,
  type Service,
  startProxyWorld,
  startService,
} from './proxy-world.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

let service: Service;
let world: ProxyWorld;
const waits: number[] = [];

beforeAll(async () => {
  service = await startService();
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  world = await startProxyWorld({
    routes: [proxyRoutesWith({ sleep })],
    origins: { 'https://api.notion.com': service.url },
    limits: { retryAfterSeconds: 10, proxyBodyBytes: 8 * 1024 * 1024 },
    now: () => NOW,
  });
});
afterAll(async () => {
  await world.close();
  await service.close();
});
beforeEach(() => {
  waits.length = 0;
  service.received.length = 0;
  world.tokens.value = OLD_TOKEN;
  world.tokens.renewed = 0;
  world.tokens.onRenew = () => {
    world.tokens.value = NEW_TOKEN;
  };
});

function call(init: RequestInit = {}): Promise<Response> {
  return fetch(`${world.url}/proxy/notion/v1/x`, init);
}

/** Answers in turn; the last one again and again. */
function inTurn(...answers: ((response: ServerResponse) => void)[]): void {
  let turn = 0;
  service.answer = async (request, response) => {
    await bodyOf(request);
    answers[Math.min(turn++, answers.length - 1)]?.(response);
  };
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end(`{"status":${code}}`);

const refuseOld: Service['answer'] = async (request, response) => {
  await bodyOf(request);
  const isNew = request.headers.authorization === `Bearer ${NEW_TOKEN}`;
  response.writeHead(isNew ? 200 : 401).end();
};

describe('after 401', () => {
  it('renews the token once and sends the same request again', async () => {
    service.answer = refuseOld;
    const answer = await call({ method: 'POST', body: 'the same body' });
    expect(answer.status).toBe(200);
    expect(world.tokens.renewed).toBe(1);
    expect(service.received.map(({ body, headers }) => [body, headers.authorization])).toEqual([
      ['the same body', `Bearer ${OLD_TOKEN}`],
      ['the same body', `Bearer ${NEW_TOKEN}`],
    ]);
  });

  it('renews once for many calls at the same time', async () => {
    service.answer = refuseOld;
    const answers = await Promise.all(Array.from({ length: 20 }, () => call()));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(world.tokens.renewed).toBe(1);
  });

  it('hands a second 401 on and does not loop', async () => {
    inTurn(status(401));
    expect((await call()).status).toBe(401);
    expect(service.received.length).toBe(2);
  });

  it('does not send the same token again', async () => {
    inTurn(status(401));
    world.tokens.onRenew = () => undefined;
    const answer = await call();
    expect([answer.status, service.received.length]).toEqual([401, 1]);
    expect(await answer.json()).toEqual({ status: 401 });
  });

  it('tells that a person has to connect again', async () => {
    inTurn(status(401));
    world.tokens.onRenew = () => {
      throw new TenantryError('NeedsReauthorization', 'the grant has ended');
    };
    const answer = await call();
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      409,
      'NeedsReauthorization',
    ]);
  });

  it('hands it on where the body has streamed through', async () => {
    service.answer = async (request, response) => {
      await bodyOf(request);
      response.writeHead(401).end();
    };
    const large = await call({ method: 'POST', body: new Uint8Array(1_048_577) });
    const stream = Readable.toWeb(Readable.from([Buffer.from('a'), Buffer.from('b')])) as ReadableStream;
    const chunked = await call({ method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    expect([large.status, chunked.status]).toEqual([401, 401]);
    expect(service.received.map(({ body }) => body.length)).toEqual([1_048_577, 2]);
    expect(world.tokens.renewed).toBe(0);
  });

  it('sends a body of exactly 1 MiB again', async () => {
    service.answer = refuseOld;
    expect((await call({ method: 'PUT', body: new Uint8Array(1_048_576) })).status).toBe(200);
    expect(service.received.map(({ body }) => body.length)).toEqual([1_048_576, 1_048_576]);
  });
});

describe('Retry-After', () => {
  it('is waited for, in seconds', async () => {
    inTurn(status(429, { 'retry-after': '3' }), status(200));
    expect((await call({ method: 'POST', body: 'x' })).status).toBe(200);
    expect(waits).toEqual([3000]);
  });

  it('is waited for as an HTTP date', async () => {
    inTurn(status(503, { 'retry-after': new Date(NOW + 7000).toUTCString() }), status(200));
    expect((await call()).status).toBe(200);
    expect(waits).toEqual([7000]);
  });

  it('is handed on when it is longer than the limit', async () => {
    for (const value of ['11', new Date(NOW + 3_600_000).toUTCString(), '99999999999999999999']) {
      inTurn(status(429, { 'retry-after': value }));
      const answer = await call();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, value]);
    }
    expect(waits).toEqual([]);
  });

  it('is handed on when it says nothing that can be read', async () => {
    for (const value of ['soon', '-1', '1.5e3x']) {
      inTurn(status(429, { 'retry-after': value }));
      expect((await call()).status, value).toBe(429);
    }
    inTurn(status(429));
    expect((await call()).status).toBe(429);
    expect(waits).toEqual([]);
  });

  it('is waited for once', async () => {
    inTurn(status(429, { 'retry-after': '1' }));
    expect((await call()).status).toBe(429);
    expect([waits, service.received.length]).toEqual([[1000], 2]);
  });

  it('with 503 does not repeat what could be done twice', async () => {
    inTurn(status(503, { 'retry-after': '1' }));
    for (const method of ['POST', 'PATCH', 'DELETE']) expect((await call({ method })).status).toBe(503);
    expect([waits, service.received.length]).toEqual([[], 3]);
  });

  it('does not use up the renewal after 401', async () => {
    inTurn(status(429, { 'retry-after': '1' }), status(401), status(200));
    expect((await call()).status).toBe(200);
    expect([waits, world.tokens.renewed]).toEqual([[1000], 1]);
  });

  it('is not read of answers that are none', async () => {
    service.answer = json({}, 200, { 'retry-after': '1' });
    expect((await call()).status).toBe(200);
    expect(waits).toEqual([]);
  });
});
