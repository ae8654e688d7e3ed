import { afterAll, beforeAll, expect, it } from 'vitest';
import { createQueue } from '../../../src/sidecar/queue/worker-queue.ts';
import { registerWebhookJobs } from '../../../src/sidecar/webhooks/jobs.ts';
import { startReceiver, type TestReceiver } from './receiver.ts';
import { github } from './signing.ts';
import { startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
let receiver: TestReceiver;
beforeAll(async () => {
  [world, receiver] = await Promise.all([startWebhookWorld(), startReceiver()]);
  world.clock.now = Date.now();
});
afterAll(async () => {
  await receiver.close();
  await world.close();
});

it('events travel through the real queue of two replicas, each of them once', async () => {
  const queues = [0, 1].map(() => createQueue({ connection: world.db.settings, pollMs: 20 }));
  const jobs = queues.map((queue) => registerWebhookJobs({ ...world.context, queue, now: Date.now }));
  // What comes in is queued by the first replica.
  Object.assign(world.queue, { add: queues[0]?.add, addMany: queues[0]?.addMany });
  try {
    await Promise.all(queues.map((queue) => queue.start()));
    await Promise.all(jobs.map((each) => each.start()));
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const made = await world.app.inject({
      method: 'POST',
      url: '/tenants/acme/webhook-endpoints',
      payload: { url: receiver.url },
    });
    receiver.secret = made.json<{ secret: string }>().secret;
    const ids = Array.from({ length: 20 }, (_, index) => `delivery-${index}`);
    for (const id of ids) {
      const delivery = github({ action: 'opened', installation: { id: 101 }, id }, { id });
      expect((await world.post('/webhooks/github', delivery)).status).toBe(200);
    }
    const delivered = `select 1 from tenantry.webhook_deliveries where status = 'delivered'`;
    await expect.poll(async () => (await world.rows(delivered)).length, { timeout: 50_000 }).toBe(20);
    expect(receiver.messages).toHaveLength(20);
    expect(receiver.messages.every(({ isGenuine }) => isGenuine)).toBe(true);
    const [waiting] = await Promise.all(queues.map((queue) => queue.waiting()));
    expect(waiting?.['webhooks.sweep']).toMatchObject({ later: 1 });
  } finally {
    await Promise.all(queues.map((queue) => queue.stop()));
    await Promise.all(jobs.map((each) => each.close()));
  }
});
