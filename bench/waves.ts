/** Puts recorded calls into an order in which a plain loop can send them again to a fresh environment. */
import { ASSIGNED, type RecordedHttpCall, type RecordedQuery } from './recording.ts';

/** A value that the recorded server chose: the position of the call that brought it, and which of its values it is. */
export interface Slot {
  readonly call: number;
  readonly index: number;
}

/** A text with holes where a fresh server chooses other values. */
export type Template = readonly (string | Slot)[];

export interface PlannedCall {
  readonly recorded: RecordedHttpCall;
  /** In the recording. */
  readonly position: number;
  readonly path: Template;
  readonly body: Template | undefined;
}

/** Calls of one wave may go in any order; a wave begins when the one before has ended. */
export type Waves<T> = readonly (readonly T[])[];

/** Airbyte: what names an id comes after what brought it (workspaces, destinations and sources, connections). */
export function airbyteWaves(calls: readonly RecordedHttpCall[]): Waves<PlannedCall> {
  return httpWaves(calls, () => 0);
}

/** Vault knows no ids: what belongs together is seen by the path, and goes in the order of the recording. */
export function vaultWaves(calls: readonly RecordedHttpCall[]): Waves<PlannedCall> {
  const mounts = /^\/v1\/sys\/(mounts|auth)\b/;
  const next = new Map<string, number>();
  return httpWaves(calls, ({ method, path }) => {
    if (path.includes('list=true')) return 0;
    if (mounts.test(path)) return method === 'GET' ? 0 : 1;
    const object = path
      .replace(/^(\/v1\/[^/]+)\/(?:data|metadata|destroy)\//, '$1/')
      .replace(/^(\/v1\/[^/]+)\/(?:keys|encrypt|decrypt)\/([^/]+).*/, '$1/$2');
    const stage = next.get(object) ?? 2;
    next.set(object, stage + 1);
    return stage;
  });
}

/** Postgres: reads, then what makes roles and schemas, then what needs both. */
export function postgresWaves(queries: readonly RecordedQuery[]): Waves<RecordedQuery> {
  const waves: RecordedQuery[][] = [[], [], []];
  for (const query of queries) {
    const makes = /\bCREATE (ROLE|SCHEMA)\b/.test(query.sql);
    waves[query.params !== undefined ? 0 : makes ? 1 : 2]?.push(query);
  }
  return waves;
}

function httpWaves(
  calls: readonly RecordedHttpCall[],
  earliest: (call: RecordedHttpCall) => number,
): Waves<PlannedCall> {
  const origin = new Map<string, Slot>();
  const waveOf: number[] = [];
  const waves: PlannedCall[][] = [];
  for (const [position, recorded] of calls.entries()) {
    const path = withSlots(recorded.path, origin);
    const body = recorded.body === undefined ? undefined : withSlots(recorded.body, origin);
    const needed = [...path, ...(body ?? [])].map((part) =>
      typeof part === 'string' ? 0 : (waveOf[part.call] ?? 0) + 1,
    );
    const wave = Math.max(earliest(recorded), ...needed);
    waveOf.push(wave);
    while (waves.length <= wave) waves.push([]);
    waves[wave]?.push({ recorded, position, path, body });
    for (const [index, value] of recorded.assigned.entries()) {
      if (!origin.has(value)) origin.set(value, { call: position, index });
    }
  }
  return waves;
}

function withSlots(text: string, origin: ReadonlyMap<string, Slot>): (string | Slot)[] {
  const parts: (string | Slot)[] = [];
  let end = 0;
  for (const match of text.matchAll(ASSIGNED)) {
    const slot = origin.get(match[0]);
    if (slot === undefined) continue;
    parts.push(text.slice(end, match.index), slot);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}
