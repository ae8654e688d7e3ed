/** A copy of all objects of a kind, which tells its troubles in the log: each once. */
import { asTenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ConnectedKube } from '../kube/connect.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { type AnyObject, pathOf } from '../objects.ts';
import type { Informer } from './informer.ts';
import { createInformer } from './reflector.ts';
import { trim } from './trim.ts';

export interface FollowOptions {
  readonly kube: ConnectedKube;
  /** Absent: all namespaces. */
  readonly namespace: string | undefined;
  readonly metrics: Pick<OperatorMetrics, 'informer'>;
  readonly log: Logger;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  readonly ended: AbortSignal;
}

export function follow<T extends AnyObject>(
  kind: T['kind'],
  { kube, namespace, metrics, log, now, ended }: FollowOptions,
): Informer<T> {
  const { onFault, onRelist } = metrics.informer;
  let told: string | undefined;
  return createInformer<T>({
    kube,
    kind,
    path: pathOf(kind),
    namespace,
    signal: ended,
    now,
    random: Math.random,
    hooks: {
      onRelist(facts) {
        onRelist?.(facts);
        if (told !== undefined) log.info({ kind }, 'the objects are listed again');
        told = undefined;
      },
      onFault(facts) {
        onFault?.(facts);
        const error = asTenantryError(facts.error);
        // Once, not with every try. That a watch is begun anew is nothing to tell.
        if (error.code === told || (facts.delayMs === 0 && told !== undefined)) return;
        told = error.code;
        log.warn({ kind, err: error }, 'the objects cannot be listed or watched; it is tried again');
      },
    },
    keep: trim,
  });
}
