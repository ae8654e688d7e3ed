/** The job that sends one event to one endpoint, and decides what comes after. */
import type { SidecarContext } from '../context.ts';
import type { JobContext } from '../queue/queue.ts';
import { type Delivery, readDelivery, saveDelivered, saveFailed, saveWaiting } from './delivery.ts';
import type { Gate } from './gate.ts';
import { messageOf } from './message.ts';
import type { Sender, Sent } from './sender.ts';
import { DELIVER_TASK, deliverPayload, deliveryJob } from './tasks.ts';
import { waitAfter } from './tries.ts';

export interface Delivering {
  readonly context: SidecarContext;
  readonly sender: Sender;
  readonly gate: Gate;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/** A job that finds all places taken comes back after so many milliseconds, more or less. */
const BUSY_MS = 10_000;

/** Jobs that wait for a paused endpoint come back spread over so many milliseconds. */
const PAUSE_SPREAD_MS = 10 * 60_000;

const GONE = 410;

export function deliverHandler(parts: Delivering): (payload: unknown, job: JobContext) => Promise<void> {
  return async (payload, { signal }) => {
    const { tenant, delivery: id } = deliverPayload.parse(payload);
    const { context, gate, random } = parts;
    const delivery = await readDelivery(context, tenant, id, { signal });
    if (delivery === undefined) return;
    const now = context.now();
    const pausedUntil = delivery.paused_until?.getTime() ?? 0;
    if (delivery.disabled_at !== null) return await giveUp(parts, delivery, 'the endpoint is disabled');
    if (pausedUntil > now) return await defer(parts, delivery, pausedUntil + random() * PAUSE_SPREAD_MS);
    const leave = gate.enter(delivery.endpoint);
    if (leave === undefined) return await defer(parts, delivery, now + (0.2 + random()) * BUSY_MS);
    try {
      await tryOnce(parts, delivery, signal);
    } finally {
      leave();
    }
  };
}

async function tryOnce(parts: Delivering, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const { context, sender } = parts;
  const message = await messageOf(context, delivery, { signal });
  if (typeof message === 'string') return await giveUp(parts, delivery, message);
  const sent = await sender.post(new URL(delivery.url), message, signal);
  const { status } = sent;
  if (status === undefined || status < 200 || status > 299) return await failed(parts, delivery, sent);
  await saveDelivered(context, delivery, status);
  context.metrics.webhookDeliveries.inc({ outcome: 'delivered' });
}

async function failed({ context, random }: Delivering, delivery: Delivery, sent: Sent): Promise<void> {
  const { status, failure, retryAfterSeconds } = sent;
  const isGone = status === GONE;
  const wait = isGone ? undefined : waitAfter(delivery.attempts + 1, random(), retryAfterSeconds);
  const at = wait === undefined ? undefined : context.now() + wait;
  const nextAt = at !== undefined && at <= delivery.give_up_at.getTime() ? at : undefined;
  const error = failure ?? `the endpoint answered ${status}`;
  await saveFailed(context, delivery, { status, error, nextAt, isGone });
  context.metrics.webhookDeliveries.inc({ outcome: nextAt === undefined ? 'dead' : 'retried' });
  if (nextAt !== undefined) await enqueue(context, delivery, nextAt);
}

/** Given up all the same when its time passes while it waits. */
async function defer(parts: Delivering, delivery: Delivery, at: number): Promise<void> {
  if (at > delivery.give_up_at.getTime()) {
    return await giveUp(parts, delivery, 'the endpoint failed for a day');
  }
  await saveWaiting(parts.context, delivery, { at });
  await enqueue(parts.context, delivery, at);
}

async function giveUp({ context }: Delivering, delivery: Delivery, why: string): Promise<void> {
  await saveWaiting(context, delivery, { at: context.now(), dead: why });
  context.metrics.webhookDeliveries.inc({ outcome: 'dead' });
}

/** The row says when, so that a job that is lost here is found by the sweep. */
async function enqueue({ queue, log }: SidecarContext, delivery: Delivery, at: number): Promise<void> {
  const { tenant, id } = delivery;
  const { payload, options } = deliveryJob(tenant, id, at);
  await queue.add(DELIVER_TASK, payload, options).catch((error: unknown) => {
    log.warn({ err: error, tenant, delivery: id }, 'the next try of a delivery was not queued');
  });
}
