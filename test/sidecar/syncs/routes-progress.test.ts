/** The progress of a run as server-sent events, and the client that follows them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSidecarClient, type Schema, SidecarError } from '../../../src/client/index.ts';
import { type SyncsWorld, startSyncsWorld } from './routes-world.ts';
import { FAILED, RUN } from './scripted-syncs.ts';

let world: SyncsWorld;
let key: string;
let ended: AbortController;

beforeAll(async () => {
  world = await startSyncsWorld();
  key = await world.key('acme', 'viewer');
});
afterAll(() => world?.close());
beforeEach(() => {
  ended = new AbortController();
  world.syncs.stored = [RUN];
});
afterEach(() => ended.abort());

const OTHER = '7a1f0c7e-8f43-4b52-9d0e-0b8f6d3a1c22';
const place = { tenant: 'acme', integration: 'notion', id: RUN.id };
const url = (id = RUN.id): string => `${world.url}/tenants/acme/integrations/notion/syncs/${id}/events`;
const open = (id?: string): Promise<Response> =>
  fetch(url(id), { headers: { authorization: `Bearer ${key}` }, signal: ended.signal });

/** Reads the stream in the background. */
async function reading(): Promise<{
  readonly response: Response;
  text: () => string;
  whole: Promise<string>;
}> {
  const response = await open();
  let text = '';
  const whole = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      text += decoder.decode(chunk as Uint8Array, { stream: true });
    return text;
  })();
  whole.catch(() => undefined);
  return { response, text: () => text, whole };
}

function eventsIn(text: string): { readonly event: string; readonly run: Schema<'SyncRun'> }[] {
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    run: JSON.parse(data) as Schema<'SyncRun'>,
  }));
}

describe('the progress of a run', () => {
  it('tells each change and ends with the run', async () => {
    const { response, text, whole } = await reading();
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await vi.waitFor(() => expect(eventsIn(text())).toHaveLength(1), { timeout: 5_000 });
    world.syncs.change(RUN.id, { status: 'running', startedAt: '2026-03-01T10:00:01.000Z', rows: 10 });
    await vi.waitFor(() => expect(eventsIn(text())).toHaveLength(2), { timeout: 5_000 });
    world.syncs.change(RUN.id, { status: 'succeeded', rows: 25 });
    const events = eventsIn(await whole);
    expect(events.map(({ event, run }) => [event, run.status, run.rows])).toEqual([
      ['run', 'waiting', null],
      ['run', 'running', 10],
      ['end', 'succeeded', 25],
    ]);
  });

  it('that has ended is its end alone', async () => {
    world.syncs.stored = [FAILED];
    const events = eventsIn(await (await open(FAILED.id)).text());
    expect(events).toMatchObject([{ event: 'end', run: { error: { message: 'Notion asks to wait' } } }]);
  });

  it('is an error with a status where there is no such run', async () => {
    expect((await open(FAILED.id)).status).toBe(404);
  });

  it('goes on over a database that is away for a moment', async () => {
    const { text, whole } = await reading();
    await vi.waitFor(() => expect(eventsIn(text())).toHaveLength(1), { timeout: 5_000 });
    const { run } = world.syncs;
    const { TenantryError } = await import('../../../src/errors.ts');
    const spy = vi.spyOn(world.syncs, 'run');
    spy.mockRejectedValueOnce(new TenantryError('PostgresUnavailable', 'it starts'));
    spy.mockImplementation(run);
    await vi.waitFor(() => expect(spy.mock.calls.length).toBeGreaterThan(1), { timeout: 5_000 });
    world.syncs.change(RUN.id, { status: 'cancelled' });
    expect(eventsIn(await whole).map(({ run: each }) => each.status)).toEqual(['waiting', 'cancelled']);
    spy.mockRestore();
  });

  it('is open for a caller so many times at once, and again when one has gone', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => open()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect((await open()).status).toBe(429);
    ended.abort();
    ended = new AbortController();
    await vi.waitFor(
      async () => {
        const again = await open();
        await again.body?.cancel();
        expect(again.status).toBe(200);
      },
      { timeout: 5_000 },
    );
  });

  it('leaves no place taken by who went before the first answer, or only asked for the head', async () => {
    const { run } = world.syncs;
    const spy = vi.spyOn(world.syncs, 'run');
    for (let times = 0; times < 25; times++) {
      const reached = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      spy.mockImplementationOnce(async (place, id) => {
        reached.resolve();
        await answer.promise;
        return await run(place, id);
      });
      const gone = new AbortController();
      const asked = fetch(url(), { headers: { authorization: `Bearer ${key}` }, signal: gone.signal });
      await reached.promise;
      gone.abort();
      await expect(asked).rejects.toThrow();
      answer.resolve();
      const head = await fetch(url(), { method: 'HEAD', headers: { authorization: `Bearer ${key}` } });
      expect(head.status).toBe(200);
    }
    spy.mockRestore();
    expect((await open()).status).toBe(200);
  });

  it('asks for nothing more when its reader has gone', async () => {
    await reading();
    const spy = vi.spyOn(world.syncs, 'run');
    await vi.waitFor(() => expect(spy).toHaveBeenCalled(), { timeout: 5_000 });
    ended.abort();
    // A look more may be under way; after that there is none, while another reader's go on.
    const other = { ...RUN, id: OTHER };
    world.syncs.stored.push(other);
    spy.mockClear();
    ended = new AbortController();
    await (
      await fetch(url(OTHER), { headers: { authorization: `Bearer ${key}` }, signal: ended.signal })
    ).body
      ?.getReader()
      .read();
    const looksAt = (id: string): number => spy.mock.calls.filter(([, each]) => each === id).length;
    await vi.waitFor(() => expect(looksAt(OTHER)).toBeGreaterThan(3), { timeout: 10_000 });
    expect(looksAt(RUN.id)).toBeLessThanOrEqual(1);
    spy.mockRestore();
  });
});

describe('the client', () => {
  it('follows a run over a lost connection, and tells nothing twice', async () => {
    let cut = true;
    const client = createSidecarClient({
      url: world.url,
      credential: key,
      // The first stream breaks off after its first event.
      fetch: async (request) => {
        const response = await fetch(request);
        if (!cut) return response;
        cut = false;
        const reader = response.body?.getReader();
        const first = await reader?.read();
        await reader?.cancel();
        return new Response(first?.value, response);
      },
    });
    const seen: string[] = [];
    for await (const { status } of client.followSync(place)) {
      seen.push(status);
      if (status === 'waiting') world.syncs.change(RUN.id, { status: 'running' });
      else world.syncs.change(RUN.id, { status: 'succeeded' });
    }
    expect(cut).toBe(false);
    expect(seen).toEqual(['waiting', 'running', 'succeeded']);
  });

  it('ends with the reason of its signal', async () => {
    const client = createSidecarClient({ url: world.url, credential: key });
    const stop = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const _ of client.followSync(place, { signal: stop.signal }))
        stop.abort(new Error('enough'));
    };
    await expect(follow()).rejects.toThrow('enough');
  });

  it('is told at once what trying again does not help', async () => {
    const client = createSidecarClient({ url: world.url, credential: 'tny_nobody' });
    const error = await client
      .followSync(place)
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SidecarError);
    expect(error).toMatchObject({ code: 'Unauthenticated' });
  });
});

describe('a server that closes', () => {
  it('does not wait for the runs that are watched', async () => {
    const other = await startSyncsWorld();
    other.syncs.stored = [RUN];
    const credential = await other.key('acme', 'viewer');
    const response = await fetch(`${other.url}/tenants/acme/integrations/notion/syncs/${RUN.id}/events`, {
      headers: { authorization: `Bearer ${credential}` },
    });
    const whole = response.text();
    const began = performance.now();
    await other.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(eventsIn(await whole).map(({ event }) => event)).toEqual(['run']);
  });
});
