/** Serves the web application: files below /ui/, and its one page for every address that is none of them. */
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import type { Routes } from '../context.ts';
import { uiFolder } from './folder.ts';
import { PAGE_HEADERS } from './headers.ts';

const YEAR_S = 31_536_000;
const NOT_BUILT = 'The web application is not built here: run `npm run build:ui`.\n';

export const uiRoutes: Routes = async (app, { settings }) => {
  // Next to one application the sidecar serves that application alone.
  if (settings.posture !== 'gateway') return;
  app.addHook('onRoute', (route) => {
    // The files are the same for everybody; what the page shows, it asks the API for.
    route.config = { ...route.config, access: 'public' };
    route.schema = { ...route.schema, hide: true };
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
    globIgnore: ['**/*.br', '**/*.gz', 'built-from', 'index.html'],
    setHeaders: describe,
  });
  app.get('/ui/*', async (_request, reply) => reply.sendFile('index.html'));
};

function describe(reply: FastifyReply, path: string): void {
  if (/index\.html(?:\.br|\.gz)?$/.test(path)) {
    void reply.header('cache-control', 'no-cache').headers(PAGE_HEADERS);
  } else {
    // The name of a file changes with its content.
    void reply.header('cache-control', `public, max-age=${YEAR_S}, immutable`);
  }
}
