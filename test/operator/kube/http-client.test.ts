/** The client before a server that answers strangely: what is tried again, what is said, and how long it waits. */
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
const PAGE = { items: [], resourceVersion: '7' };

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

describe('a server that has too much to do', () => {
  it.each([
    ['seconds', '2', 2_100],
    ['a date', new Date(START + 3_000).toUTCString(), 3_100],
    ['a date that is past', new Date(START - 60_000).toUTCString(), 100],
    ['an hour', '3600', 30_000],
    ['nonsense', 'soon', 100],
    ['nothing', undefined, 100],
  ])('is given the time it asks for: %s', async (_, header, wait) => {
    const { client, waits, calls } = make();
    server.answer((_request, response, index) =>
      index === 0
        ? json(
            response,
            429,
            refusal(429, 'too many requests'),
            header === undefined ? {} : { 'retry-after': header },
          )
        : json(response, 200, LIST),
    );
    expect(await client.list(PATH, {}, { timeoutMs: 60_000 })).toEqual(PAGE);
    expect(waits).toEqual([wait]);
    expect(calls.map(({ code }) => code)).toEqual(['429', '200']);
  });

  it('is not waited for longer than the call may take', async () => {
    const { client, waits } = make();
    server.answer((_, response) => json(response, 429, refusal(429, 'too many'), { 'retry-after': '20' }));
    await expect(client.list(PATH, {}, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'KubernetesUnavailable',
      retryAfterSeconds: 20,
    });
    expect(waits).toEqual([]);
  });

  it('gets a call that writes again, because it has not looked at it', async () => {
    const { client } = make();
    server.answer((_, response, index) =>
      json(response, index === 0 ? 429 : 201, { kind: 'Status', message: 'too many' }),
    );
    await client.create(PATH, { metadata: { name: 'acme' } });
    expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

describe('a server with an error of its own', () => {
  it('is asked again with growing waits, and then believed', async () => {
    const { client, waits } = make();
    server.answer((_, response) => json(response, 503, refusal(503, 'etcdserver: leader changed')));
    await expect(client.get(PATH)).rejects.toMatchObject({
      code: 'KubernetesUnavailable',
      retryable: true,
      message: `GET ${PATH}: etcdserver: leader changed`,
    });
    expect(server.asked).toHaveLength(5);
    expect(waits).toEqual([100, 200, 400, 800]);
  });

  it.each([
    ['create', 'POST'],
    ['replace', 'PUT'],
    ['mergePatch', 'PATCH'],
    ['delete', 'DELETE'],
  ] as const)('gets %s only once', async (verb, method) => {
    const { client } = make();
    server.answer((_, response) => json(response, 500, refusal(500, 'internal error')));
    const call = verb === 'delete' ? client.delete(PATH) : client[verb](PATH, { metadata: { name: 'acme' } });
    await expect(call).rejects.toMatchObject({ code: 'KubernetesUnavailable' });
    expect(server.asked.map((each) => each.method)).toEqual([method]);
  });

  it('gets an apply again, as it was', async () => {
    const { client } = make();
    server.answer((_, response, index) => {
      if (index === 0) return void response.socket?.destroy();
      json(response, 200, { metadata: { name: 'acme' } });
    });
    await client.apply(`${PATH}/acme`, { metadata: { name: 'acme' } });
    expect(server.asked).toHaveLength(2);
    expect(server.asked[1]).toEqual(server.asked[0]);
    expect(server.asked[0]?.path).toBe(`${PATH}/acme?fieldManager=tenantry-operator&force=true`);
  });

  it('does not bring the page of a gateway into the message', async () => {
    const { client } = make();
    server.answer((_, response) =>
      response.writeHead(502, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Bad Gateway</html>'),
    );
    await expect(client.get(PATH)).rejects.toThrow(`GET ${PATH}: 502 (text/html)`);
  });

  it('does not bring the token into the message when the answer shows it', async () => {
    const { client } = make();
    server.answer(({ authorization }, response) =>
      json(response, 400, refusal(400, `you sent ${authorization}`)),
    );
    await expect(client.create(PATH, {})).rejects.toMatchObject({
      code: 'KubernetesRejected',
      message: `POST ${PATH}: you sent Bearer [redacted]`,
    });
  });
});

describe('an answer that is none', () => {
  it.each([
    ['invalid JSON', '{"items": ['],
    ['no JSON at all', 'ok'],
    ['JSON that is no object', 'null'],
    ['nothing', ''],
  ])('is asked for again: %s', async (_, text) => {
    const { client } = make();
    server.answer((_request, response, index) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(index === 0 ? text : JSON.stringify(LIST)),
    );
    expect(await client.list(PATH, {})).toEqual(PAGE);
  });

  it('is an error when it stays so', async () => {
    const { client } = make();
    server.answer((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in'),
    );
    await expect(client.list(PATH, {})).rejects.toMatchObject({
      code: 'KubernetesUnavailable',
      message: `GET ${PATH}: answered 200 without JSON (text/html)`,
    });
  });

  it('takes no items for none', async () => {
    const { client } = make();
    server.answer((_, response) => json(response, 200, { items: null, metadata: { resourceVersion: '7' } }));
    expect(await client.list(PATH, {})).toEqual(PAGE);
  });

  it.each([
    ['before the head', -1],
    ['in the middle of the body', 10],
  ])('is asked for again when it was cut %s', async (_, bytes) => {
    const { client, calls } = make();
    server.answer((_request, response, index) => {
      if (index > 0) return json(response, 200, LIST);
      if (bytes < 0) return void response.socket?.destroy();
      const text = JSON.stringify(LIST);
      response.writeHead(200, { 'content-length': text.length });
      response.write(text.slice(0, bytes), () => response.socket?.destroy());
    });
    expect(await client.list(PATH, {})).toEqual(PAGE);
    expect(calls.map(({ code }) => code)).toEqual([bytes < 0 ? '<error>' : '200', '200']);
  });

  it('is KubernetesUnreachable for a call that writes', async () => {
    const { client } = make();
    server.answer((_, response) => void response.socket?.destroy());
    await expect(client.create(PATH, {})).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
      retryable: true,
    });
    expect(server.asked).toHaveLength(1);
  });

  it.each(['head', 'body'])(
    'is not waited for longer than the time limit (no end of the %s)',
    async (part) => {
      const { client } = make();
      server.answer((_, response) => {
        if (part === 'body') response.writeHead(200).write('{"items"');
      });
      await expect(client.list(PATH, {}, { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'KubernetesUnreachable',
        message: `GET ${PATH}: no answer in 0.1 s`,
      });
      // The connection that hangs is not used for the next call.
      server.answer((_, response) => json(response, 200, LIST));
      expect(await client.list(PATH, {})).toEqual(PAGE);
    },
  );

  it('does not make the next call wait on another connection that is as dead', async () => {
    const { client } = make();
    const dead = new Set<unknown>();
    server.answer((_, response) => {
      if (dead.has(response.socket)) return;
      setImmediate(() => json(response, 200, LIST));
    });
    await Promise.all(Array.from({ length: 5 }, () => client.list(PATH, {})));
    for (const socket of server.sockets) dead.add(socket);
    await expect(client.list(PATH, {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
    });
    for (let call = 0; call < 5; call += 1)
      expect(await client.list(PATH, {}, { timeoutMs: 2_000 })).toEqual(PAGE);
  });

  it('is not waited for any more when the caller stops', async () => {
    const { client } = make();
    const stop = new AbortController();
    server.answer(() => stop.abort());
    await expect(client.list(PATH, {}, { signal: stop.signal })).rejects.toMatchObject({ code: 'Cancelled' });
    await expect(client.list(PATH, {}, { signal: stop.signal })).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('is KubernetesUnreachable where nobody listens, and all tries are made', async () => {
    const gone = await startStrangeServer();
    await gone.close();
    const { client, waits } = clientOf(gone);
    await expect(client.get(PATH)).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
      message: expect.stringMatching(/^GET .*ECONNREFUSED/),
    });
    expect(waits).toHaveLength(4);
    await client.close();
  });
});

describe('refusals', () => {
  it.each([
    [400, 'KubernetesRejected'],
    [401, 'KubernetesUnauthorized'],
    [403, 'KubernetesForbidden'],
    [405, 'KubernetesRejected'],
    [409, 'Conflict'],
    [410, 'KubernetesGone'],
    [422, 'KubernetesRejected'],
    [302, 'KubernetesRejected'],
  ])('%i is %s, in the words of the server and at once', async (status, code) => {
    const { client } = make();
    server.answer((_, response) =>
      json(response, status, refusal(status, 'because'), { location: 'https://x.test' }),
    );
    await expect(client.list(PATH, { limit: 1 })).rejects.toMatchObject({
      code,
      message: `GET ${PATH}: because`,
    });
    expect(server.asked).toHaveLength(1);
  });
});

describe('many at the same time', () => {
  it('go on beside a hundred watches', async () => {
    const { client } = make();
    server.answer(({ path }, response) => {
      if (path.includes('watch=true')) response.writeHead(200).flushHeaders();
      else json(response, 200, LIST);
    });
    const stop = new AbortController();
    const watches = Promise.allSettled(
      Array.from({ length: 100 }, () =>
        client.watch(PATH, {}, { signal: stop.signal })[Symbol.asyncIterator]().next(),
      ),
    );
    await expect.poll(() => server.asked.length, { timeout: 20_000 }).toBe(100);
    expect(await client.list(PATH, {})).toEqual(PAGE);
    stop.abort();
    const ends = await watches;
    expect(new Set(ends.map((end) => end.status === 'rejected' && end.reason.code))).toEqual(
      new Set(['Cancelled']),
    );
  });
});
