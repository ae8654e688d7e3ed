/** The jobs of webhooks in the queue that all replicas share. */
import type { LookupFunction } from 'node:net';
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import { actHandler } from './act.ts';
import { deliverHandler } from './deliver.ts';
import { createGate } from './gate.ts';
import { rewrapSecrets } from './rewrap.ts';
import { createSender } from './sender.ts';
import { purgeWebhooks, queueLost } from './sweep.ts';
import { ACT_TASK, DELIVER_TASK, REWRAP_TASK, SWEEP_TASK } from './tasks.ts';

export interface WebhookJobs {
  /** Begins the jobs that repeat themselves, once over all replicas; after the queue's start or before. */
  start(): Promise<void>;
  /** Ends the connections to endpoints; after the queue has stopped. */
  close(): Promise<void>;
}

export interface WebhookJobOptions {
  /** Default: the resolver of the system. */
  readonly lookup?: LookupFunction;
  /** Limit of one try at an endpoint, in milliseconds. Default 15,000. */
  readonly timeoutMs?: number;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
}

const SWEEP_MS = 5 * 60_000;
const REWRAP_MS = 24 * 3_600_000;
const FIRST_REWRAP_MS = 10 * 60_000;

/** Must be called before the queue's start. */
export function registerWebhookJobs(context: SidecarContext, options: WebhookJobOptions = {}): WebhookJobs {
  const { queue, settings, now } = context;
  const sender = createSender({ ...options, settings, now });
  const random = options.random ?? Math.random;
  queue.handle(DELIVER_TASK, deliverHandler({ context, sender, gate: createGate(), random }));
  queue.handle(ACT_TASK, actHandler(context));
  // Its successor first: whatever happens to this one, there will be another.
  const repeat = (task: string, everyMs: number, work: (options: CallOptions) => Promise<unknown>): void =>
    queue.handle(task, async (_payload, { signal }) => {
      await queue.add(task, {}, { key: task, runAt: now() + everyMs });
      await work({ signal });
    });
  repeat(SWEEP_TASK, SWEEP_MS, async (call) => {
    await queueLost(context, call);
    await purgeWebhooks(context.database, now(), call);
  });
  repeat(REWRAP_TASK, REWRAP_MS, (call) => rewrapSecrets(context, call));
  return {
    async start() {
      await queue.add(SWEEP_TASK, {}, { key: SWEEP_TASK, runAt: now() });
      // Later, so that a roll-out of many replicas begins it once.
      await queue.add(REWRAP_TASK, {}, { key: REWRAP_TASK, runAt: now() + FIRST_REWRAP_MS });
    },
    close: () => sender.close(),
  };
}
