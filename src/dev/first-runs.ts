/** Has the sidecar begin the first sync of what was just connected, instead of when it comes across it by itself. */
import { setTimeout as wait } from 'node:timers/promises';
import type { CredentialPlace } from '../credentials/store.ts';
import { asTenantryError } from '../errors.ts';
import type { IntegrationStatus } from '../reconcile/status.ts';
import type { Syncs } from '../sidecar/syncs/syncs.ts';

export interface FirstRunsOptions {
  readonly syncs: Syncs;
  /** Milliseconds until those that do not begin are left alone. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 50;
const LOOKS = 4;

/** Resolves when all of them have a job in Airbyte, or have ended without one. */
export async function startFirstRuns(
  integrations: readonly IntegrationStatus[],
  { syncs, timeoutMs, signal }: FirstRunsOptions,
): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const without = integrations.filter(({ status, lastSync }) => status === 'ready' && !lastSync);
  await Promise.all(without.map((place) => startOne(place, syncs, until)));
}

async function startOne(
  { tenant, integration }: CredentialPlace,
  syncs: Syncs,
  signal: AbortSignal,
): Promise<void> {
  const place = { tenant, integration };
  try {
    const asked = { actor: 'tenantry dev', trigger: 'first', signal } as const;
    let run = await syncs.start(place, asked);
    for (let looks = 1; run.status === 'waiting' && !signal.aborted; looks++) {
      await wait(POLL_MS, undefined, { signal }).catch(() => undefined);
      // A connection that is as new as this may not be found at once; who asks again need not wait for the next look.
      run = looks % LOOKS === 0 ? await syncs.start(place, asked) : await syncs.run(place, run.id);
    }
  } catch (thrown) {
    const { code } = asTenantryError(thrown);
    // One without a source, or whose document does not allow it, has no sync to be waited for.
    if (code !== 'NotSupported' && code !== 'Conflict' && code !== 'QuotaExceeded' && !signal.aborted)
      throw thrown;
  }
}
