/** Syncs through the stack's own Postgres: what is asked for is done by the sidecars that run. */
import { setTimeout as timer } from 'node:timers/promises';
import { quotasOf } from '../../sidecar/admin/quotas.ts';
import { everyUsage, rangeOf, tenantUsage } from '../../sidecar/admin/usage.ts';
import type { SidecarContext } from '../../sidecar/context.ts';
import { isUnderWay, pageView, runView, stateView } from '../../sidecar/syncs/answers.ts';
import { followRun } from '../../sidecar/syncs/follow.ts';
import { troubleView } from '../../sidecar/syncs/overview.ts';
import { requirePlace } from '../credentials/place.ts';
import { withSidecar } from '../custody.ts';
import type { Io } from '../io.ts';
import { type OpenOptions, requireTenant, withSession } from '../session.ts';
import type { Place, SyncAccess } from './access.ts';

/** Between two looks at a run, in milliseconds. */
const LOOK_MS = 500;

export async function throughDatabase<T>(
  options: OpenOptions & { readonly place: Place },
  io: Io,
  work: (access: SyncAccess) => Promise<T>,
): Promise<T> {
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    const { tenant, integration } = options.place;
    if (tenant !== undefined && integration !== undefined) requirePlace(session, { tenant, integration });
    else if (tenant !== undefined) requireTenant(tenant, session);
    const { owner, world } = session;
    return withSidecar(session, (context) => work(accessOf(context, { actor: owner, signal: world.signal })));
  });
}

interface Caller {
  readonly actor: string;
  readonly signal: AbortSignal | undefined;
}

function accessOf(context: SidecarContext, { actor, signal }: Caller): SyncAccess {
  const { syncs } = context;
  const options = { signal };
  return {
    start: async (place) => runView(await syncs.start(place, { actor, signal })),
    cancel: async (place, id) => runView(await syncs.cancel(place, id, options)),
    follow: (place, id, until) =>
      followRun({
        look: async (each) => runView(await syncs.run(place, id, each)),
        isUnderWay,
        sleep: (ended) => timer(LOOK_MS, undefined, { signal: ended }).catch(() => undefined),
        signal: until,
      }),
    runs: async (place, page) => pageView(await syncs.runs(place, page, options)),
    states: async (tenant) => (await syncs.states(tenant, options)).map(stateView),
    trouble: (limit) => troubleView(context, limit),
    log: async (place, id) => (await syncs.log(place, id, options)).map((line) => ({ ...line })),
    usage: async (tenant, days) => {
      const range = rangeOf(days, context.now());
      return tenant === undefined
        ? await everyUsage(context, range)
        : [await tenantUsage(context, tenant, range)];
    },
    quotas: (tenant) => quotasOf(context, tenant),
  };
}
