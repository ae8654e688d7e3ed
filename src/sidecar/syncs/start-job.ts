/** The job of one connection in the queue: makes the run that is due, and begins the one that waits. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { type BeginParts, begin } from './begin.ts';
import { latestDue, nextDue } from './due.ts';
import { endRun } from './ends.ts';
import { type Gate, look, toldOf } from './gate.ts';
import type { RunRow, StateRow } from './rows.ts';
import type { Claimed, NewRun, Position } from './store.ts';
import type { Told } from './told.ts';
import { wake } from './wake.ts';
import { type Wanted, wantedOf } from './wanted.ts';

const FIRST_LOOK_MS = 4_000;
const LOOK_FACTOR = 1.6;
const MOST_LOOK_MS = 30 * 60_000;

export function createStartJob(
  parts: BeginParts,
): (place: CredentialPlace, signal: AbortSignal) => Promise<void> {
  const { runner, store } = parts;

  return async (place, signal) => {
    const position = await store.read(place, { signal });
    const wanted = wantedOf(runner.stack.current(), place);
    if (position.active?.status === 'running') return;
    if (!wanted || wanted.runner === undefined) {
      await endUnwanted(parts, position);
      return;
    }
    // Whoever asks by hand is served whoever runs the schedule.
    const due = position.active
      ? { claimed: await claimReady(parts, position.active), gate: undefined }
      : await dueRun(parts, wanted, position, signal);
    if (due?.claimed) {
      const { state, usualMs } = position;
      await begin(parts, due.claimed, { wanted, state, usualMs, signal, gate: due.gate });
    }
    await wake(runner, wanted);
  };
}

async function claimReady({ runner, store }: BeginParts, run: RunRow): Promise<Claimed | undefined> {
  const { wait_until, claimed_until } = run;
  const now = runner.now();
  const isReady = (wait_until?.getTime() ?? 0) <= now && (claimed_until?.getTime() ?? 0) <= now;
  return isReady ? await store.claim(run) : undefined;
}

interface DueRun {
  readonly claimed: Claimed | undefined;
  readonly gate: Gate | undefined;
}

async function endUnwanted({ runner }: BeginParts, { active }: Position): Promise<void> {
  if (active?.status !== 'waiting') return;
  const message = 'the integration was suspended or removed before the sync began';
  await endRun(runner, active, { status: 'skipped', told: { code: 'NotFound', message } });
}

/** The run of what fell due; undefined when nothing is. */
async function dueRun(
  parts: BeginParts,
  wanted: Wanted,
  { state }: Position,
  signal: AbortSignal,
): Promise<DueRun | undefined> {
  if (!state || wanted.runner !== 'Sidecar' || state.runner !== 'Sidecar') return undefined;
  // The plan has not seen the changed schedule yet; it makes another job when it has.
  if (state.schedule !== wanted.schedule) return undefined;
  const now = parts.runner.now();
  const hasCome = (time: Date | null): boolean => time !== null && time.getTime() <= now;
  const isDue = hasCome(state.next_at);
  const isLookedFor = state.wants_first && hasCome(state.look_at);
  if (!isDue && !isLookedFor) return undefined;
  const gate = await look(parts.runner, wanted, signal);
  const held = gate.is === 'held' ? toldOf(parts.runner, wanted, gate.error) : undefined;
  if (isLookedFor) {
    const first = await firstRun(parts, { wanted, state, isHeld: held !== undefined, signal });
    if (first) return { claimed: first, gate };
  }
  if (isDue) return { claimed: await scheduledRun(parts, wanted, { state, held }), gate };
  if (held) await parts.store.change(wanted, { held });
  return undefined;
}

/** Of several that were missed, only the last. Undefined where it is held back. */
async function scheduledRun(
  { runner, store }: BeginParts,
  wanted: Wanted,
  { state, held }: { readonly state: StateRow; readonly held: Told | undefined },
): Promise<Claimed | undefined> {
  const now = runner.now();
  const last = latestDue(wanted, now) ?? { slot: state.slot?.getTime() ?? now, at: now };
  const due = nextDue(wanted, now) ?? null;
  const run: NewRun = { trigger: 'schedule', slot: last.slot, dueAt: last.at };
  if (!held) return await store.begin(wanted, run, { due });
  if (held.code === state.held_code) {
    // It is told already; another row for each due time would only bury the others.
    await store.change(wanted, { due, held });
  } else {
    await store.insert(wanted, { ...run, skipped: held }, { due, held });
  }
  return undefined;
}

/** The first run of a connection, once it is there. */
async function firstRun(
  parts: BeginParts,
  of: { wanted: Wanted; state: StateRow; isHeld: boolean; signal: AbortSignal },
): Promise<Claimed | undefined> {
  const { runner, store, connections } = parts;
  const { wanted, state, isHeld, signal } = of;
  const now = runner.now();
  const delay = Math.min(FIRST_LOOK_MS * LOOK_FACTOR ** Math.min(state.looks, 20), MOST_LOOK_MS);
  const later = { lookAt: now + delay * (0.5 + runner.random() / 2), looks: state.looks + 1 };
  // Before the look itself: one that fails is not made again at once.
  await store.change(wanted, later);
  if (isHeld) return undefined;
  const found = await connections.find(wanted, signal);
  if (!found) return undefined;
  if (found.connectionId === state.first_of || (await hasJob(parts, found.connectionId, signal))) {
    await store.change(wanted, { found, firstOf: found.connectionId, lookAt: null, looks: 0 });
    return undefined;
  }
  return await store.begin(wanted, { trigger: 'first', dueAt: now }, { found, lookAt: null, looks: 0 });
}

/** A connection that has synced before, e.g. when Airbyte ran the schedules, needs no first run. */
async function hasJob({ runner }: BeginParts, connectionId: string, signal: AbortSignal): Promise<boolean> {
  const query = { connectionId, limit: 1 };
  const page = await runner.airbyte.get<{ data: unknown[] }>('/jobs', query, { signal });
  return (page?.data.length ?? 0) > 0;
}
