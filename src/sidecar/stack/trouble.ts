/** What goes wrong between the API server and the copies: told in the log, counted, and kept for who asks. */
import { asTenantryError, type ErrorCode } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { watchMetrics } from '../../operator/metrics/watches.ts';
import type { InformerHooks } from '../../operator/watch/informer.ts';
import type { Metrics } from '../metrics.ts';
import type { Copies } from './copies.ts';

export interface Trouble {
  readonly hooks: InformerHooks;
  /** Code of the newest fault. */
  last(): ErrorCode | undefined;
}

export interface TroubleOptions {
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly silentSeconds: () => ReturnType<Copies['silentSeconds']>;
  /** Milliseconds; never jumps. */
  readonly clock: () => number;
}

/** The same fault is told so often, in milliseconds: an API server that is away would fill the log. */
const TOLD_MS = 60_000;

export function createTrouble({ log, metrics, silentSeconds, clock }: TroubleOptions): Trouble {
  const counted = watchMetrics({ registers: [metrics.registry], source: () => ({ silentSeconds }) });
  const told = new Map<string, number>();
  let last: ErrorCode | undefined;
  return {
    last: () => last,
    hooks: {
      onFault(facts) {
        counted.onFault?.(facts);
        const { kind, error } = facts;
        const err = asTenantryError(error);
        last = err.code;
        const key = `${kind} ${err.code}`;
        if (clock() - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TOLD_MS) return;
        told.set(key, clock());
        log.warn({ kind, err }, 'the documents cannot be followed: what was read before is served');
      },
      onRelist(facts) {
        counted.onRelist?.(facts);
        log.debug(facts, 'the documents were listed');
      },
    },
  };
}
