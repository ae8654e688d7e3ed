/**
 * Looks at the schemas of sources: at most once a day before a run, and after a run that failed by it. What changed is
 * kept and told; runs rest where the document's policy is disable_connection and the sync cannot go on as before. To
 * carry changes through to the tables is Airbyte's part.
 */
import type { FastifyBaseLogger } from 'fastify';
import type { CallOptions } from '../../../clients/http.ts';
import type { CredentialPlace } from '../../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../../errors.ts';
import { type IntegrationView, requireIntegration } from '../../stack/view.ts';
import type { OwnEvent } from '../../webhooks/events.ts';
import type { SchemaChange } from '../runner.ts';
import { compare, type NeedsOf } from './compare.ts';
import { snapshotOf } from './discovery.ts';
import { needsOf } from './needs.ts';
import { fingerprintOf, type Snapshot } from './snapshot.ts';
import { discoverSource, type SourceParts } from './source.ts';
import { createSchemaStore, type Seen } from './store.ts';
import { heldText } from './texts.ts';

export interface SchemaWatchParts extends SourceParts {
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'info'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Tells the tenant's endpoints; the same event twice goes out once. */
  readonly emit: (event: OwnEvent, options?: CallOptions) => Promise<void>;
}

/** Runs rest because of it. */
export interface Hold {
  /** RFC 3339. */
  readonly since: string;
  readonly changes: readonly SchemaChange[];
}

export interface SchemaWatch {
  /**
   * Before a run: looks where the last look is a day old. That a look fails stops no run.
   * @throws Blocked, with the change and the remedy, where the policy says to stop; the class of the failure is `schema`
   */
  before(place: CredentialPlace, options?: CallOptions): Promise<void>;
  /**
   * Looks now, e.g. after a run that failed with class `schema`.
   * @returns what changed since the look before; undefined where there is no source
   */
  look(place: CredentialPlace, options?: CallOptions): Promise<readonly SchemaChange[] | undefined>;
  /** Undefined where nothing rests. */
  hold(place: CredentialPlace, options?: CallOptions): Promise<Hold | undefined>;
  /** Takes the schema as it is now for good: runs go on. True where something rested. */
  accept(place: CredentialPlace, options?: CallOptions): Promise<boolean>;
}

export const LOOK_AGAIN_MS = 24 * 3_600_000;

/** Changes in one event; more are counted. */
const MOST_TOLD = 100;

export function createSchemaWatch(parts: SchemaWatchParts): SchemaWatch {
  const { database, stack, now, log } = parts;
  const store = createSchemaStore(database);
  const viewOf = ({ tenant, integration }: CredentialPlace): IntegrationView =>
    requireIntegration(stack.current(), tenant, integration);

  const look: SchemaWatch['look'] = async (place, options) => {
    const view = viewOf(place);
    const [from, found] = [await store.seen(place, options), await discoverSource(parts, place, options)];
    if (!found) return undefined;
    const streams = snapshotOf(found.streams);
    const { to, changes } = next({ from, sourceId: found.sourceId, streams, now: now(), view });
    // Told before it is kept: who is killed in between looks again, and tells the same.
    if (changes.length > 0) await tell(parts, place, { from, to, changes });
    const isKept = await store.keep(place, { from, to, changes }, options);
    if (isKept && changes.length > 0)
      log.info({ ...place, changes: changes.length }, 'the schema of a source has changed');
    return changes;
  };

  const hold: SchemaWatch['hold'] = async (place, options) => {
    const view = viewOf(place);
    return stopsRuns(view) ? holdOf(await store.seen(place, options), needsOf(view)) : undefined;
  };

  return {
    look,
    hold,
    async before(place, options = {}) {
      const seen = await store.glance(place, options);
      const isDue = seen === undefined || now() - seen.lookedAt >= LOOK_AGAIN_MS;
      if (isDue) {
        await look(place, options).catch((thrown: unknown) => {
          options.signal?.throwIfAborted();
          log.warn({ ...place, err: asTenantryError(thrown) }, 'the schema of a source was not looked at');
        });
      }
      // Nothing rests before most runs, and then no schema is read.
      const held = isDue || seen.brokenAt !== undefined ? await hold(place, options) : undefined;
      if (!held) return;
      const { message, hint } = heldText(viewOf(place).entry.name, held, place);
      throw new TenantryError('Blocked', message, { hint });
    },
    async accept(place, options) {
      for (;;) {
        const from = await store.seen(place, options);
        if (from?.before === undefined) return false;
        const to = { ...from, before: undefined, brokenAt: undefined };
        if (await store.keep(place, { from, to, changes: [] }, options)) return true;
      }
    },
  };
}

interface Looked {
  readonly from: Seen | undefined;
  readonly sourceId: string;
  readonly streams: Snapshot;
  readonly now: number;
  readonly view: IntegrationView;
}

/** What is kept after a look. Another source than before begins anew: its streams are another account's. */
function next({ from, sourceId, streams, now, view }: Looked): {
  readonly to: Seen;
  readonly changes: readonly SchemaChange[];
} {
  const seen = { sourceId, streams, fingerprint: fingerprintOf(streams), lookedAt: now };
  if (from?.sourceId !== sourceId)
    return { to: { ...seen, before: undefined, brokenAt: undefined }, changes: [] };
  const needs = needsOf(view);
  const isSame = from.fingerprint === seen.fingerprint;
  const changes = isSame ? [] : compare(from.streams, streams, needs);
  const before = from.before ?? from.streams;
  // A change that was taken back at the source holds nothing up.
  const isBroken = stopsRuns(view) && compare(before, streams, needs).some(({ isBreaking }) => isBreaking);
  return {
    to: {
      ...seen,
      before: isBroken ? before : undefined,
      brokenAt: isBroken ? (from.brokenAt ?? now) : undefined,
    },
    changes,
  };
}

function stopsRuns({ document }: IntegrationView): boolean {
  return document.spec.sync.schemaChanges === 'disable_connection';
}

function holdOf(seen: Seen | undefined, needs: NeedsOf): Hold | undefined {
  if (seen?.before === undefined || seen.brokenAt === undefined) return undefined;
  // The document may sync other streams by now.
  const changes = compare(seen.before, seen.streams, needs).filter(({ isBreaking }) => isBreaking);
  return changes.length === 0 ? undefined : { since: new Date(seen.brokenAt).toISOString(), changes };
}

interface Told {
  readonly from: Seen | undefined;
  readonly to: Seen;
  readonly changes: readonly SchemaChange[];
}

async function tell({ emit }: SchemaWatchParts, place: CredentialPlace, told: Told): Promise<void> {
  const { from, to, changes } = told;
  await emit({
    ...place,
    type: 'schema.changed',
    // The same for who looks a second time after the same look before.
    id: `${from?.lookedAt ?? 0}:${to.fingerprint}`,
    data: {
      changes: changes.slice(0, MOST_TOLD),
      more: Math.max(0, changes.length - MOST_TOLD),
      isBreaking: changes.some(({ isBreaking }) => isBreaking),
      syncsRest: to.before !== undefined,
    },
  });
}
