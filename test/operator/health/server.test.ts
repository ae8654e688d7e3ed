import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Check } from '../../../src/operator/health/check.ts';
import {
  type HealthServer,
  type HealthServerOptions,
  startHealthServer,
} from '../../../src/operator/health/server.ts';
import { createOperatorMetrics } from '../../../src/operator/metrics/registry.ts';

const servers: HealthServer[] = [];
const good: Check = [{ name: 'api-server', ok: true }];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<HealthServerOptions> = {}): Promise<{ url: string; lines: string[] }> {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const metrics = createOperatorMetrics();
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    live: () => good,
    ready: () => good,
    metrics,
    log,
    ...options,
  });
  servers.push(server);
  return { url: server.url, lines };
}

describe('the health server', () => {
  test('answers 200 with the named checks, and writes no line for it', async () => {
    const { url, lines } = await start();
    const before = lines.length;
    for (const path of ['/healthz', '/readyz']) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.json()).toEqual({ status: 'ok', checks: [{ name: 'api-server', ok: true }] });
    }
    expect(lines.slice(before)).toEqual([]);
  });

  test('answers 503 with the reason as soon as one check fails, and 200 when it holds again', async () => {
    let checks: Check = good;
    const { url } = await start({ ready: () => checks });
    checks = [...good, { name: 'watch-tenant', ok: false, reason: 'the Tenant objects are not listed yet' }];
    const failed = await fetch(`${url}/readyz`);
    expect(failed.status).toBe(503);
    expect(await failed.json()).toEqual({ status: 'failed', checks });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    checks = good;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('a check that throws has failed, and its message is in the log alone', async () => {
    const ready = (): Check => {
      throw new Error('no such thing as acme');
    };
    const { url, lines } = await start({ ready });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('acme');
    expect(lines.join('')).toContain('no such thing as acme');
  });

  test('gives the metrics in the format of Prometheus', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toContain('workqueue_depth{name="tenant",controller="tenant"} 0');
  });

  test('has nothing else', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/debug`)).status).toBe(404);
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(404);
  });

  test('says which address is taken already and how to pass another one', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(start({ port })).rejects.toMatchObject({
      code: 'InvalidUsage',
      message: `cannot listen on 127.0.0.1:${port} (EADDRINUSE)`,
      hint: expect.stringContaining('--health-port'),
    });
  });

  test('is reached on loopback when it listens everywhere', async () => {
    const { url } = await start({ host: '0.0.0.0' });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('ends at once although a prober keeps its connection open', async () => {
    const { url } = await start();
    await fetch(`${url}/healthz`, { keepalive: true });
    await servers.pop()?.close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
