/** A context for tests of one part of the sidecar: what the test does not give fails loudly when it is used. */

import type { FastifyPluginAsync } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { createLog } from '../../src/log.ts';
import { Redactor } from '../../src/redact.ts';
import type { Caller } from '../../src/sidecar/callers/caller.ts';
import type { Routes, SidecarContext, SidecarServer } from '../../src/sidecar/context.ts';
import { createMetrics } from '../../src/sidecar/metrics.ts';
import { createRequestLog } from '../../src/sidecar/request-log.ts';
import { buildServer } from '../../src/sidecar/server.ts';
import type { SidecarSettings } from '../../src/sidecar/settings.ts';
import { sidecar as sidecarSchema } from '../../src/spec/sidecar.ts';

/** Settings with every default; `spec` is as it would stand in a Platform document. */
export function sidecarSettingsOf(
  spec: Parameters<typeof sidecarSchema.parse>[0] = {},
  changes: Partial<SidecarSettings> = {},
): SidecarSettings {
  return {
    backends: absent('settings.backends'),
    posture: 'gateway',
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://127.0.0.1:7250',
    loopbackTenants: [],
    database: { user: 'postgres', password: { from: 'env', name: 'PGPASSWORD' }, concurrency: 4 },
    providerOrigins: {},
    mcpServers: {},
    spec: sidecarSchema.parse(spec),
    ...changes,
  };
}

export interface TestContext extends SidecarContext {
  /** Lines of the log. */
  readonly lines: readonly string[];
}

export function testContext(parts: Partial<SidecarContext> = {}): TestContext {
  const lines: string[] = [];
  const redactor = parts.redactor ?? new Redactor();
  const given: Partial<SidecarContext> = {
    settings: sidecarSettingsOf(),
    metrics: createMetrics(),
    redactor,
    log: createLog({ env: { LOG_LEVEL: 'debug' }, redactor, write: (line) => lines.push(line) }),
    logRequest: createRequestLog({ env: {}, write: (line) => lines.push(line) }),
    now: Date.now,
    ...parts,
  };
  const names = [
    'stack',
    'vault',
    'airbyte',
    'secrets',
    'database',
    'queue',
    'providers',
    'tokens',
    'syncs',
    'accessLog',
    'usage',
  ];
  const stubs = Object.fromEntries(names.map((name) => [name, absent(`context.${name}`)]));
  return { ...stubs, ...given, lines } as unknown as TestContext;
}

/** Any use of it fails with its name. */
function absent<T>(name: string): T {
  return new Proxy(
    {},
    {
      get(_target, field) {
        throw new Error(`${name}.${String(field)} was used, and the test gave none`);
      },
    },
  ) as T;
}

/** Authentication of tests: every request comes from this caller. */
export function as(caller: Caller | (() => Caller | null)): FastifyPluginAsync {
  return fastifyPlugin(async (app) => {
    app.decorateRequest('caller', null);
    app.addHook('onRequest', async (request) => {
      request.caller = typeof caller === 'function' ? caller() : caller;
    });
  });
}

export const ADMIN: Caller = { kind: 'api-key', id: 'api-key:test', role: 'admin', tenants: 'all' };

/** A server with these routes; close it after the test. */
export async function testServer(
  context: SidecarContext,
  routes: readonly Routes[],
  authentication: FastifyPluginAsync = as(ADMIN),
): Promise<SidecarServer> {
  return await buildServer({ context, authentication, routes });
}
