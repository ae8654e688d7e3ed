/**
 * The progress of one run as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each
 * change of its state, and `end` with the last one.
 */
import { Readable } from 'node:stream';
import { setTimeout as timer } from 'node:timers/promises';
import { TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { NO_STORE } from '../oauth/request.ts';
import { isUnderWay, runParams, runView } from './answers.ts';
import { followRun } from './follow.ts';
import type { SyncRun } from './syncs.ts';

/** Between two looks at Postgres, in milliseconds. */
const LOOK_MS = 1_000;
/** After so many without news a line is sent all the same, so that nothing in between takes the connection for dead. */
const QUIET_LOOKS = 15;
/** Then the client connects again, which shows its credential again. */
const LONGEST_MS = 15 * 60_000;
/** What a client waits before that, in milliseconds. */
const RECONNECT_MS = 3_000;
/** Open streams of one caller in one replica: each costs a small query a second. */
const MOST_STREAMS = 20;

const HEADERS = {
  ...NO_STORE,
  'content-type': 'text/event-stream; charset=utf-8',
  // Or nginx keeps the events until it has a page of them.
  'x-accel-buffering': 'no',
} as const;

export function progressRoutes(app: SidecarServer, { syncs }: SidecarContext): void {
  const closing = new AbortController();
  const enter = createEntrance();
  // A stream would be waited for as long as its run takes.
  app.addHook('preClose', async () => closing.abort());

  app.get(
    '/tenants/:tenant/integrations/:integration/syncs/:id/events',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['syncs'],
        operationId: 'followSync',
        summary: 'Progress of a run as it happens',
        description:
          'Server-sent events: `run` with a SyncRun at once and after each change, `end` with the last one. A stream that ends without `end` was cut off: connect again, which browsers do by themselves.',
        params: runParams,
      },
    },
    async (request, reply) => {
      const { id, ...place } = request.params;
      const leave = enter(callerOf(request).id);
      const gone = new AbortController();
      // Of the answer, not of the request, which is over as soon as it was read. Before the first wait: it comes once.
      reply.raw.once('close', () => {
        leave();
        gone.abort();
      });
      // An error has a status as long as nothing was sent.
      const first = await syncs.run(place, id);
      const signal = AbortSignal.any([closing.signal, gone.signal, AbortSignal.timeout(LONGEST_MS)]);
      return reply
        .headers(HEADERS)
        .send(Readable.from(eventsOf(first, { look: () => syncs.run(place, id), signal })));
    },
  );
}

/** Counts the open streams of each caller. @throws RateLimited */
function createEntrance(): (caller: string) => () => void {
  const open = new Map<string, number>();
  const add = (caller: string, change: 1 | -1): void => {
    const streams = (open.get(caller) ?? 0) + change;
    if (streams > 0) open.set(caller, streams);
    else open.delete(caller);
  };
  return (caller) => {
    if ((open.get(caller) ?? 0) >= MOST_STREAMS) {
      throw new TenantryError('RateLimited', `more than ${MOST_STREAMS} progress streams of one caller`);
    }
    add(caller, 1);
    return () => add(caller, -1);
  };
}

interface Source {
  readonly look: () => Promise<SyncRun>;
  readonly signal: AbortSignal;
}

async function* eventsOf(first: SyncRun, { look, signal }: Source): AsyncGenerator<string, void> {
  yield `retry: ${RECONNECT_MS}\n\n`;
  let known: SyncRun | undefined = first;
  const next = async (): Promise<SyncRun> => {
    const run = known ?? (await look());
    known = undefined;
    return run;
  };
  let quiet = 0;
  try {
    for await (const run of followRun({ look: next, isUnderWay, sleep, signal })) {
      quiet = run === undefined ? quiet + 1 : 0;
      if (run !== undefined) yield eventOf(run);
      else if (quiet % QUIET_LOOKS === 0) yield ': still under way\n\n';
    }
  } catch {
    // Cut off, the client connects again: what fails then has a status.
  }
}

function eventOf(run: SyncRun): string {
  // JSON in one line, so that the data is one line too.
  return `event: ${isUnderWay(run) ? 'run' : 'end'}\ndata: ${JSON.stringify(runView(run))}\n\n`;
}

async function sleep(signal: AbortSignal): Promise<void> {
  await timer(LOOK_MS, undefined, { signal }).catch(() => undefined);
}
