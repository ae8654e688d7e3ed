/** Begins one run: token, source, job. What is passing makes it wait; it is late then, and not lost. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { UsableToken } from '../tokens/service.ts';
import type { Connections } from './connections.ts';
import { nextDue } from './due.ts';
import { endRun } from './ends.ts';
import { type Gate, look, toldOf } from './gate.ts';
import { askForJob } from './job.ts';
import type { Runner } from './parts.ts';
import type { RunRow, StateRow } from './rows.ts';
import type { Claimed, Found, SyncStore } from './store.ts';
import { placeOf, type Wanted } from './wanted.ts';

export interface BeginParts {
  readonly runner: Runner;
  readonly store: SyncStore;
  readonly connections: Connections;
  readonly away: Away;
}

/** Remembers for a moment that Airbyte does not answer, so that not each run finds it out for itself. */
export interface Away {
  until: number;
}

/** A token lives at least so long beyond the begin, or it is renewed, in milliseconds. */
const LEAST_MS = 15 * 60_000;
/** Even one that cannot be renewed does not go out with less. */
const DYING_MS = 60_000;
const AWAY_MS = 5_000;
const FIRST_WAIT_MS = 15_000;
const MOST_WAIT_MS = 5 * 60_000;
/** Below the claim on the run, so that nobody else begins it meanwhile. */
const TIME_MS = 240_000;
/** What is wrong with the run itself, whoever tries it and when. */
const ENDS =
  /^(AirbyteRejected|MissingSetting|SecretNotFound|InvalidDocument|CatalogInvalid|NotSupported|ProviderRejected)$/;

export interface Beginning {
  readonly wanted: Wanted;
  readonly state: StateRow | undefined;
  /** How long it may take, in milliseconds. */
  readonly usualMs: number;
  readonly signal: AbortSignal;
  /** As it was found a moment ago. Default: it is looked at now. */
  readonly gate?: Gate | undefined;
}

export async function begin(parts: BeginParts, { run, claim }: Claimed, beginning: Beginning): Promise<void> {
  const { runner, away } = parts;
  const { wanted, signal } = beginning;
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIME_MS)]);
  try {
    if (runner.now() < away.until) {
      throw new TenantryError('AirbyteUnavailable', 'Airbyte did not answer a moment ago');
    }
    const gate = beginning.gate ?? (await look(runner, wanted, within));
    if (gate.is === 'unknown') throw gate.error;
    if (gate.is === 'held') {
      await endRun(runner, run, { status: 'skipped', told: toldOf(runner, wanted, gate.error) });
      return;
    }
    await goOn(parts, run, { ...beginning, claim, token: gate.token, signal: within });
  } catch (thrown) {
    const error = asTenantryError(thrown);
    if (/^Airbyte(Unreachable|Unavailable)$/.test(error.code) && runner.now() >= away.until) {
      away.until = runner.now() + AWAY_MS;
    }
    await afterFailure(parts, run, { wanted, claim, error, signal });
  }
}

interface Step extends Beginning {
  readonly claim: string;
  readonly token: UsableToken | undefined;
}

async function goOn(parts: BeginParts, run: RunRow, step: Step): Promise<void> {
  const { runner, store } = parts;
  const { wanted, state, claim, signal } = step;
  const token = step.token && (await fresh(parts, run, step.token, step));
  const found = await connectionOf(parts, wanted, state, signal);
  if (token) await bringInStep(parts, { wanted, state, found, token, signal });
  if (!(await store.asking(run, claim))) return;
  const job = await askForJob(parts, run, found.connectionId, signal);
  const now = runner.now();
  // What fell due while it waited has begun with it.
  const isOverdue = state?.next_at && state.next_at.getTime() <= now;
  const due = isOverdue ? { due: nextDue(wanted, now) ?? null } : {};
  if (!(await store.started(run, { connectionId: found.connectionId, jobId: job.jobId }, due))) {
    // Cancelled while Airbyte was asked.
    await runner.airbyte.delete(`/jobs/${job.jobId}`, { signal });
    return;
  }
  const dueAt = run.due_at?.getTime() ?? now;
  runner.metrics.syncStartSeconds.observe({ trigger: run.trigger }, Math.max(0, now - dueAt) / 1000);
}

/** One that outlives the expected run, as far as the provider gives such. */
async function fresh(parts: BeginParts, run: RunRow, token: UsableToken, step: Step): Promise<UsableToken> {
  const { runner } = parts;
  const { wanted, signal } = step;
  const leftOf = ({ expiresAt }: UsableToken): number =>
    expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - runner.now();
  let usable = token;
  if (wanted.entry.airbyte?.credentialOwner === 'tenantry' || run.renew_token) {
    const needed = Math.max(LEAST_MS, step.usualMs);
    if (run.renew_token || leftOf(token) < needed) {
      usable = await runner.tokens.renew(placeOf(wanted), { version: token.version }, { signal });
    }
  }
  if (leftOf(usable) > DYING_MS) return usable;
  throw new TenantryError('ProviderUnavailable', 'the provider gave no token that lives long enough');
}

async function connectionOf(
  { connections, store }: BeginParts,
  wanted: Wanted,
  state: StateRow | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const { connection_id: connectionId, source_id: sourceId, workspace_id: workspaceId } = state ?? {};
  if (connectionId && sourceId && workspaceId) return { connectionId, sourceId, workspaceId };
  const found = await connections.find(wanted, signal);
  if (!found) {
    throw new TenantryError('Conflict', 'the connection is not there yet', {
      hint: 'it is made when the tenant’s documents are applied',
    });
  }
  await store.change(wanted, { found });
  return found;
}

async function bringInStep(
  { runner, store }: BeginParts,
  of: {
    wanted: Wanted;
    state: StateRow | undefined;
    found: Found;
    token: UsableToken;
    signal: AbortSignal;
  },
): Promise<void> {
  const { wanted, state, found, token, signal } = of;
  if (state?.pushed_version === token.version) return;
  const pushed = await runner.push(placeOf(wanted), signal, { workspaceId: found.workspaceId });
  if (pushed === 'no-source') {
    throw new TenantryError('Conflict', 'the source is not there yet', {
      hint: 'it is made when the tenant’s documents are applied',
    });
  }
  if (pushed === 'refused') {
    throw new TenantryError('AirbyteRejected', 'Airbyte does not take the settings of the source');
  }
  await store.change(wanted, { pushedVersion: token.version });
}

async function afterFailure(
  parts: BeginParts,
  run: RunRow,
  failed: { wanted: Wanted; claim: string; error: TenantryError; signal: AbortSignal },
): Promise<void> {
  const { runner, store } = parts;
  const { wanted, claim, error, signal } = failed;
  const { tenant, integration } = wanted;
  if (/^(NeedsReauthorization|CredentialNotFoundError)$/.test(error.code)) {
    await endRun(runner, run, { status: 'skipped', told: toldOf(runner, wanted, error) });
    return;
  }
  if (ENDS.test(error.code)) {
    const failure = await runner.diagnose({ place: { tenant, integration }, error }, signal);
    await endRun(runner, run, { status: 'failed', failure });
    return;
  }
  const bound = Math.min(FIRST_WAIT_MS * 2 ** Math.min(run.tries - 1, 10), MOST_WAIT_MS);
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  // Half of it is sure and half is drawn: what failed together does not come back together.
  const until = runner.now() + Math.min(asked, MOST_WAIT_MS) + bound * (0.5 + runner.random() / 2);
  runner.log.debug({ tenant, integration, code: error.code, tries: run.tries }, 'a sync waits');
  await store.wait(run, claim, until, toldOf(runner, wanted, error));
}
