/** One watch, from its start to its end, with an eye on its silence. */
import type { Sleep } from '../../clients/retry.ts';
import type { KubeClient, WatchEvent } from '../kube/client.ts';
import type { KubeObject } from '../objects.ts';
import { type SILENT, supervise } from './supervise.ts';

export interface StreamOptions<T extends KubeObject> {
  readonly kube: KubeClient;
  readonly path: string;
  /** Events after this version are told. */
  readonly resourceVersion: string;
  /** The server is asked to end the watch after so many seconds. */
  readonly timeoutSeconds: number;
  /** The watch is cut when it is not over so many milliseconds after its time. */
  readonly marginMs: number;
  /** How long the watch may be silent, in milliseconds; asked again as events come. */
  readonly silenceMs: () => number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly onEvent: (event: WatchEvent<T>) => void;
}

/**
 * `ended`: by the server, as it should be. SILENT: cut here, because a connection that has died without a word looks
 * like one on which nothing happens.
 * @throws what KubeClient.watch throws; Cancelled when the signal aborts
 */
export function follow<T extends KubeObject>(options: StreamOptions<T>): Promise<'ended' | typeof SILENT> {
  const { kube, path, resourceVersion, timeoutSeconds, now, onEvent } = options;
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
  let heard = now();
  const end = heard + timeoutSeconds * 1000 + options.marginMs;
  const patience = (): number => Math.min(heard + options.silenceMs(), end) - now();
  return supervise({ ...options, patience }, async (signal) => {
    for await (const event of kube.watch<T>(path, query, { signal })) {
      // It was given up, and the list that follows knows better.
      if (signal.aborted) break;
      heard = now();
      onEvent(event);
    }
    return 'ended' as const;
  });
}
