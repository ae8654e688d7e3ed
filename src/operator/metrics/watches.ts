/** Metrics of the kept copies: how long the API server was silent, and what a list found that the watch had missed. */
import { Counter, Gauge } from 'prom-client';
import type { InformerHooks } from '../watch/informer.ts';
import type { Group, Source } from './group.ts';

export interface WatchGroup extends Pick<Group, 'registers'> {
  readonly source: () => Pick<Source, 'silentSeconds'> | undefined;
}

export function watchMetrics({ registers, source }: WatchGroup): InformerHooks {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `tenantry_${name}`, help, labelNames, registers });
  new Gauge({
    name: 'tenantry_watch_silent_seconds',
    help: 'Seconds since the API server last told anything of the kind; +Inf before the first list',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const { kind, seconds } of source()?.silentSeconds() ?? []) this.set({ kind }, seconds);
    },
  });
  const faults = counter('watch_faults_total', 'Lists and watches that broke', ['kind']);
  const relists = counter('relists_total', 'Full lists; reason is start, period, gone, fault or asked', [
    'kind',
    'reason',
  ]);
  const missed = counter('relist_missed_total', 'Changes that a list found and the watch had not told', [
    'kind',
  ]);
  return {
    onFault: ({ kind }) => faults.inc({ kind }),
    onRelist({ kind, reason, missed: found }) {
      relists.inc({ kind, reason });
      missed.inc({ kind }, found);
      // The series begins with the first list, so that the first fault is seen as an increase.
      faults.inc({ kind }, 0);
    },
  };
}
