/** Makes the OpenAPI document without a running system: routes only say what they are, and nothing is reached. */
import fastifyPlugin from 'fastify-plugin';
import { pino } from 'pino';
import { Redactor } from '../../redact.ts';
import { sidecar as sidecarSpec } from '../../spec/sidecar.ts';
import type { SidecarContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';
import { sidecarRoutes } from '../routes.ts';
import { buildServer } from '../server.ts';
import type { SidecarSettings } from '../settings.ts';
import type { OpenApiDocument } from './document-types.ts';

/** The same for the same version of the program: no address, no time, everything in a fixed order. */
export async function sidecarDocument(): Promise<OpenApiDocument> {
  const app = await buildServer({
    context: contextWithoutSystems(),
    authentication: fastifyPlugin(async (server) => {
      server.decorateRequest('caller', null);
    }),
    routes: sidecarRoutes({ draining: false }),
  });
  try {
    await app.ready();
    const document = app.swagger() as unknown as OpenApiDocument;
    return { ...document, servers: [{ url: '/', description: 'The sidecar that serves this document.' }] };
  } finally {
    await app.close();
  }
}

function contextWithoutSystems(): SidecarContext {
  const settings: Partial<SidecarSettings> = {
    posture: 'gateway',
    publicUrl: 'https://localhost',
    loopbackTenants: [],
    providerOrigins: {},
    mcpServers: {},
    spec: sidecarSpec.parse({}),
  };
  const given: Partial<SidecarContext> = {
    settings: onlyWith('settings', settings),
    metrics: createMetrics(),
    redactor: new Redactor(),
    log: pino({ enabled: false }),
    now: Date.now,
    env: {},
  };
  return onlyWith('context', given);
}

/** A route that uses anything else while it is registered is told so by name. */
function onlyWith<T extends object>(name: string, given: Partial<T>): T {
  return new Proxy(given, {
    get(target, field) {
      if (field in target) return Reflect.get(target, field) as unknown;
      if (typeof field === 'symbol') return undefined;
      return unavailable(`${name}.${field}`);
    },
  }) as T;
}

function unavailable(name: string): object {
  return new Proxy(() => undefined, {
    get(_target, field) {
      if (typeof field === 'symbol') return undefined;
      throw new Error(`${name}.${field} was used while the routes were registered`);
    },
  });
}
