/** Serves the web application: files below /ui/, and its one page for every address that is none of them. */
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import { TenantryError } from '../../errors.ts';
import type { Routes } from '../context.ts';
import { isLoopback } from '../settings.ts';
import { uiFolder } from './folder.ts';
import { PAGE_HEADERS } from './headers.ts';

const YEAR_S = 31_536_000;
const HOUR_S = 3_600;
const NOT_BUILT = 'The web application is not built here: run `npm run build:ui`.\n';

export const uiRoutes: Routes = async (app, { settings }) => {
  // Next to one application the sidecar serves that application alone.
  if (settings.posture !== 'gateway') return;
  app.addHook('onRoute', (route) => {
    // The files are the same for everybody; what the page shows, it asks the API for.
    route.config = { ...route.config, access: 'public' };
    route.schema = { ...route.schema, hide: true };
  });
  const own = new URL(settings.publicUrl);
  app.addHook('onRequest', async (request, reply) => {
    if (isOtherLoopback(request.headers.host, own))
      return await reply.redirect(own.origin + request.url, 302);
  });
  app.get('/', async (_request, reply) => reply.redirect('/ui/', 302));
  const root = uiFolder();
  if (root === undefined) {
    app.get('/ui/*', async (_request, reply) => reply.code(404).type('text/plain').send(NOT_BUILT));
    return;
  }
  await app.register(fastifyStatic, {
    root,
    prefix: '/ui/',
    wildcard: false,
    index: false,
    preCompressed: true,
    cacheControl: false,
    globIgnore: ['**/*.br', '**/*.gz', 'built-from', 'index.html', 'embed/types/**'],
    setHeaders: describe,
  });
  app.get('/ui/*', async (request, reply) => {
    // A file of an earlier version: the page in its place would be taken for a broken script.
    if (/^\/ui\/(?:assets|embed)\//.test(request.url)) {
      throw new TenantryError('NotFound', 'there is no such file; load the page again');
    }
    return await reply.sendFile('index.html');
  });
};

/** `localhost` is another site than 127.0.0.1 to a browser: cookies and origins of the one are not good at the other. */
function isOtherLoopback(host: string | undefined, own: URL): boolean {
  const asked = URL.parse(`http://${host ?? ''}`);
  return (
    asked !== null &&
    own.protocol === 'http:' &&
    isLoopback(own.hostname) &&
    isLoopback(asked.hostname) &&
    asked.hostname !== own.hostname &&
    asked.port === own.port
  );
}

function describe(reply: FastifyReply, path: string): void {
  if (/index\.html(?:\.br|\.gz)?$/.test(path)) {
    void reply.header('cache-control', 'no-cache').headers(PAGE_HEADERS);
  } else if (/embed[\\/]connect\.js(?:\.br|\.gz)?$/.test(path)) {
    // The component: pages of any origin load it by this one name, and a new version reaches them within the hour.
    void reply.headers({
      'cache-control': `public, max-age=${HOUR_S}`,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
  } else {
    // The name of a file changes with its content.
    void reply.header('cache-control', `public, max-age=${YEAR_S}, immutable`);
  }
}
