/** Follows one run of a sync by its server-sent events, over lost connections, to its end. */
import { errorOf, SidecarError } from './error.ts';
import type { Schema } from './types.ts';

export interface SyncPlace {
  readonly tenant: string;
  readonly integration: string;
  /** Id of the run. */
  readonly id: string;
}

interface Follow {
  /** Opens the stream. @throws SidecarError where nobody answers */
  readonly open: (path: string) => Promise<Response>;
  readonly signal: AbortSignal;
  /** @throws the reason of the signal */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

type SyncRun = Schema<'SyncRun'>;

const RECONNECT_MS = 2_000;
/** Connections in a row that brought nothing: about half a minute, in which a sidecar can be started again. */
const MOST_FAILURES = 15;

/** @throws SidecarError; the reason of the signal */
export async function* followSyncRun(place: SyncPlace, follow: Follow): AsyncGenerator<SyncRun, void> {
  const { signal, sleep } = follow;
  const seen: Seen = { data: '', isEnded: false, failures: 0 };
  for (;;) {
    try {
      yield* untilCutOff(place, follow, seen);
      if (seen.isEnded) return;
    } catch (error) {
      signal.throwIfAborted();
      seen.failures++;
      const isLasting = error instanceof SidecarError && !error.retryable;
      if (isLasting || seen.failures >= MOST_FAILURES) throw error;
    }
    await sleep(RECONNECT_MS, signal);
  }
}

/** Kept over connections. */
interface Seen {
  data: string;
  isEnded: boolean;
  /** Since the last event. */
  failures: number;
}

async function* untilCutOff(
  { tenant, integration, id }: SyncPlace,
  { open }: Follow,
  seen: Seen,
): AsyncGenerator<SyncRun, void> {
  const segments = ['tenants', tenant, 'integrations', integration, 'syncs', id, 'events'];
  const response = await open(`/${segments.map(encodeURIComponent).join('/')}`);
  if (!response.ok) throw await errorOf(response);
  for await (const { event, data } of eventsOf(response)) {
    const isNew = data !== seen.data;
    Object.assign(seen, { data, isEnded: event === 'end', failures: 0 });
    // The first event after a lost connection may tell nothing new.
    if (isNew) yield JSON.parse(data) as SyncRun;
    if (seen.isEnded) return;
  }
}

interface Event {
  readonly event: string;
  readonly data: string;
}

/** The two fields that the sidecar sends (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
async function* eventsOf(response: Response): AsyncGenerator<Event, void> {
  const decoder = new TextDecoder();
  let text = '';
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = fieldOf(block, 'event');
        const data = fieldOf(block, 'data');
        if (event !== undefined && data !== undefined) yield { event, data };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function fieldOf(block: string, name: string): string | undefined {
  const line = block.split('\n').find((each) => each.startsWith(`${name}: `));
  return line?.slice(name.length + 2);
}
