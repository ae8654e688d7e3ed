/** Events of a watch, however the network cuts them, and how a watch ends. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/operator/kube/client.ts';
import { readEvents } from '../../../src/operator/kube/watch-events.ts';
import {
  clientOf,
  json,
  refusal,
  type StrangeServer,
  startStrangeServer,
  type TestClient,
} from './strange-server.ts';

const PATH = '/apis/tenantry.dev/v1alpha1/tenants';

interface Named {
  readonly name: string;
}

const event = (name: string): WatchEvent<Named> => ({ type: 'ADDED', object: { name } });
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe('the lines of a watch', () => {
  const read = async (chunks: readonly Uint8Array[]): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for await (const each of readEvents(streamOf(chunks), `GET ${PATH}`)) seen.push(each);
    return seen;
  };

  it('give the same events however they are cut into chunks', async () => {
    const types = fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK');
    const object = fc.record({ name: fc.string({ unit: 'binary' }), value: fc.jsonValue() });
    const events = fc.array(fc.record({ type: types, object }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(events, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), async (sent, sizes) => {
        const bytes = Buffer.from(sent.map(line).join(''));
        const chunks: Uint8Array[] = [];
        for (let from = 0; from < bytes.length; from += chunks.at(-1)?.length ?? 0) {
          chunks.push(bytes.subarray(from, from + sizes.next().value));
        }
        expect(await read(chunks)).toEqual(sent.map((each) => JSON.parse(JSON.stringify(each))));
      }),
      { numRuns: 300 },
    );
  });

  it('may be separated by empty ones', async () => {
    expect(await read([Buffer.from(`\n\r\n${line(event('a'))}\n`)])).toEqual([event('a')]);
  });

  it.each([
    ['no JSON', 'oops\n'],
    ['null', 'null\n'],
    ['an unknown type', line({ type: 'RENAMED', object: {} })],
    ['no object', line({ type: 'ADDED' })],
  ])('must be events: %s', async (_, text) => {
    await expect(read([Buffer.from(text)])).rejects.toMatchObject({ code: 'KubernetesUnavailable' });
  });

  it('must not be endless', async () => {
    const chunk = new Uint8Array(1 << 20).fill(0x20);
    await expect(read(new Array(40).fill(chunk))).rejects.toMatchObject({ code: 'KubernetesUnavailable' });
  });

  it('must be whole at the end', async () => {
    await expect(read([Buffer.from(line(event('a')).slice(0, -1))])).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
    });
  });
});

describe('a watch', () => {
  let server: StrangeServer;
  const made: TestClient[] = [];

  beforeAll(async () => {
    server = await startStrangeServer();
  });
  afterEach(async () => {
    await Promise.all(made.splice(0).map(({ client }) => client.close()));
  });
  afterAll(() => server.close());

  function watch(
    options: { timeoutMs?: number; stop?: AbortController } = {},
  ): AsyncIterable<WatchEvent<Named>> {
    const test = clientOf(server);
    made.push(test);
    const { timeoutMs, stop = new AbortController() } = options;
    return test.client.watch<Named>(
      PATH,
      { resourceVersion: '5' },
      { signal: stop.signal, ...(timeoutMs && { timeoutMs }) },
    );
  }

  const all = async (events: AsyncIterable<WatchEvent<Named>>): Promise<string[]> => {
    const names: string[] = [];
    for await (const { object } of events) names.push(object.name);
    return names;
  };

  it('reads events of some megabytes and of several chunks', async () => {
    const large = 'ü'.repeat(3_000_000);
    server.answer((_, response) => {
      response.writeHead(200);
      response.write(line(event('small')) + line(event(large)).slice(0, 100));
      response.end(line(event(large)).slice(100) + line(event('last')));
    });
    expect(await all(watch())).toEqual(['small', large, 'last']);
    expect(server.asked[0]?.path).toBe(`${PATH}?resourceVersion=5&watch=true`);
  });

  it('is not ended by silence that is longer than the time limit', async () => {
    let say: (() => void) | undefined;
    server.answer((_, response) => {
      response.writeHead(200).flushHeaders();
      say = () => response.end(line(event('late')));
    });
    const events = all(watch({ timeoutMs: 50 }));
    await expect.poll(() => say, { timeout: 20_000 }).toBeDefined();
    setTimeout(() => say?.(), 150);
    expect(await events).toEqual(['late']);
  });

  it('is KubernetesUnreachable when it does not begin in time', async () => {
    server.answer(() => undefined);
    await expect(all(watch({ timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'KubernetesUnreachable',
      message: `GET ${PATH}: no answer in 0.05 s`,
    });
  });

  it('is KubernetesUnreachable when it is cut, after the events before', async () => {
    server.answer((_, response) => {
      response.writeHead(200);
      response.write(line(event('before')), () => response.socket?.destroy());
    });
    const names: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const { object } of watch()) names.push(object.name);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'KubernetesUnreachable' });
    expect(names).toEqual(['before']);
  });

  it.each([
    [410, 'KubernetesGone'],
    [500, 'KubernetesUnavailable'],
    [403, 'KubernetesForbidden'],
  ])('is ended by an ERROR event with code %i as %s', async (status, code) => {
    server.answer((_, response) => {
      response
        .writeHead(200)
        .end(line({ type: 'ERROR', object: refusal(status, 'too old resource version') }));
    });
    await expect(all(watch())).rejects.toMatchObject({
      code,
      message: `GET ${PATH}: too old resource version`,
    });
  });

  it.each([
    [410, 'KubernetesGone'],
    [429, 'KubernetesUnavailable'],
    [503, 'KubernetesUnavailable'],
    [401, 'KubernetesUnauthorized'],
  ])('is refused with %i as %s, and not asked for again', async (status, code) => {
    server.answer((_, response) => json(response, status, refusal(status, 'no'), { 'retry-after': '4' }));
    await expect(all(watch())).rejects.toMatchObject({ code, retryAfterSeconds: 4 });
    expect(server.asked).toHaveLength(1);
  });

  it.each(['break', 'abort'])('closes its connection when the reader stops (%s)', async (how) => {
    const closed = Promise.withResolvers<void>();
    server.answer((_, response) => {
      response.once('close', () => closed.resolve());
      response.writeHead(200).write(line(event('first')));
    });
    const stop = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const _ of watch({ stop })) {
        if (how === 'break') break;
        stop.abort();
      }
    };
    if (how === 'break') await reading();
    else await expect(reading()).rejects.toMatchObject({ code: 'Cancelled' });
    await closed.promise;
  });

  it('is over when the client is closed', async () => {
    server.answer((_, response) => {
      response.writeHead(200).write(line(event('first')));
    });
    const reading = async (): Promise<void> => {
      for await (const _ of watch()) await made[0]?.client.close();
    };
    await expect(reading()).rejects.toMatchObject({ code: 'KubernetesUnreachable' });
  });
});

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
