/** Names of the queue's jobs for webhooks, and how a delivery becomes one. Jobs hold ids only. */
import { z } from 'zod';
import type { AddOptions } from '../queue/queue.ts';

export const DELIVER_TASK = 'webhooks.deliver';
export const ACT_TASK = 'webhooks.act';
export const SWEEP_TASK = 'webhooks.sweep';
export const REWRAP_TASK = 'webhooks.rewrap';

export const deliverPayload = z.object({ tenant: z.string(), delivery: z.string() });
export const actPayload = z.object({ tenant: z.string(), event: z.string() });

/** Tries of the job itself, for the case that Vault or Postgres is away; tries at the endpoint count elsewhere. */
const JOB_ATTEMPTS = 5;

/** One job per delivery, however often it is added. */
export function deliveryJob(
  tenant: string,
  delivery: string,
  runAt?: number,
): { readonly payload: z.output<typeof deliverPayload>; readonly options: AddOptions } {
  return {
    payload: { tenant, delivery },
    options: {
      key: `${DELIVER_TASK}:${delivery}`,
      maxAttempts: JOB_ATTEMPTS,
      ...(runAt !== undefined && { runAt }),
    },
  };
}
