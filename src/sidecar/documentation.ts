/** The OpenAPI document, made from the schemas of the routes, and a page to read it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { version } from '../version.ts';
import type { SidecarContext, SidecarServer } from './context.ts';
import { SECURITY_SCHEMES, TAGS } from './openapi/shared.ts';
import { transform, transformObject } from './openapi/transform.ts';

/** Must be registered before the routes, which it watches. */
export async function documentation(app: SidecarServer, { settings }: SidecarContext): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tenantry sidecar',
        version: version(),
        description:
          'Connects tenants to third-party services, keeps their tokens encrypted and fresh, and uses them in calls. Errors are application/problem+json (RFC 9457) with a stable code.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: settings.publicUrl }],
      tags: TAGS,
      components: { securitySchemes: SECURITY_SCHEMES },
      security: [{ bearer: [] }, { session: [] }],
    },
    convertConstToEnum: false,
    transform,
    transformObject,
  });
  await app.register(page);
  app.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: { hide: true, response: { 200: z.unknown() } },
    },
    async () => app.swagger(),
  );
}

/** A scope of its own: its routes are made by the library, which knows nothing of who may use them. */
const page: FastifyPluginAsync = async (scope) => {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' };
  });
  await scope.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Tenantry sidecar' },
    staticCSP: true,
    // The library's own allows frames of this origin and asks somebody else's server for a picture.
    transformStaticCSP: (header) =>
      header.replace("frame-ancestors 'self'", "frame-ancestors 'none'").replace(' validator.swagger.io', ''),
    uiConfig: { docExpansion: 'list', tryItOutEnabled: false },
    logLevel: 'warn',
  });
};
