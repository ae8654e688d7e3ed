import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { RouteOptions } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import type { Routes } from '../../src/sidecar/context.ts';
import {
  type Answer,
  METHODS,
  type OpenApiDocument,
  type Operation,
} from '../../src/sidecar/openapi/document-types.ts';
import { sidecarDocument } from '../../src/sidecar/openapi/generate.ts';
import { sidecarRoutes } from '../../src/sidecar/routes.ts';
import { version } from '../../src/version.ts';
import { as, testContext, testServer } from '../support/sidecar-context.ts';

interface Named {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

let document: OpenApiDocument;
let operations: Named[];

beforeAll(async () => {
  document = await sidecarDocument();
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ name: `${method} ${path}`, path, method, operation }] : [];
    }),
  );
});

/** Names of the operations of which it is true. */
function those(isSo: (each: Named) => boolean): string[] {
  return operations.filter(isSo).map(({ operation, name }) => operation.operationId ?? name);
}

/** Every object inside, itself too. */
function* objects(part: unknown): Generator<Record<string, unknown>> {
  if (typeof part !== 'object' || part === null) return;
  yield part as Record<string, unknown>;
  for (const value of Object.values(part)) yield* objects(value);
}

describe('the OpenAPI document of the sidecar', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it('is the same each time, and holds no address of where it was made', async () => {
    expect(JSON.stringify(await sidecarDocument())).toBe(JSON.stringify(document));
    expect(document.info.version).toBe(version());
    expect(JSON.stringify(document)).not.toMatch(/localhost|127\.0\.0\.1/);
    expect(document.servers).toEqual([{ url: '/', description: expect.any(String) }]);
  });

  it('has every route of the server, and tells of the right ones that anybody may use them', async () => {
    const known = new Set<RouteOptions>();
    const watch: Routes = (app) => {
      app.addHook('onRoute', (route) => {
        known.add(route);
      });
    };
    const watched = sidecarRoutes({ draining: false }).map(
      (each): Routes =>
        async (app, context) => {
          await watch(app, context);
          await each(app, context);
        },
    );
    const app = await testServer(testContext(), watched);
    await app.ready();
    await app.close();
    // Only now: a scope may have hidden its routes.
    const routes = [...known]
      .filter(({ schema }) => !schema?.hide)
      .flatMap(({ method, url, config }) =>
        [method].flat().map((each) => ({ name: `${each.toLowerCase()} ${url}`, access: config?.access })),
      );
    // HEAD comes with each GET; only the proxy has one of its own.
    const served = routes.filter(({ name }) => !name.startsWith('head ') || name.includes('/proxy/'));
    const shown = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}');
    expect(operations.map(({ name }) => name).sort()).toEqual(
      [...new Set(served.map(({ name }) => shown(name)))].sort(),
    );
    const isPublic = new Set(
      served.filter(({ access }) => access === 'public').map(({ name }) => shown(name)),
    );
    // What the server itself verifies nothing of: these look at a cookie or a credential by themselves.
    expect(those(({ name }) => isPublic.has(name)).sort()).toEqual(
      [
        ...those(({ operation }) => operation.security?.length === 0),
        'beginEmbeddedFlow',
        'completeFlow',
        'disconnectEmbedded',
        'getEmbeddedFlow',
        'getFlow',
        'listEmbeddedIntegrations',
        'openSession',
        'submitConnectPage',
      ].sort(),
    );
  });

  it('names every operation with a verb and a noun, once', () => {
    const ids = operations.map(({ operation }) => operation.operationId ?? '');
    expect(ids.filter((id) => !/^[a-z]+(?:[A-Z][a-z]+)+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says of every operation, parameter and answer what it is', () => {
    const tags = document.tags.map(({ name }) => name);
    expect(
      those(({ operation }) => {
        const [tag = '', ...more] = operation.tags ?? [];
        return !operation.summary || /\.$/.test(operation.summary) || more.length > 0 || !tags.includes(tag);
      }),
    ).toEqual([]);
    expect(tags.filter((tag) => !operations.some(({ operation }) => operation.tags?.[0] === tag))).toEqual(
      [],
    );
    expect(
      those(({ operation }) =>
        (operation.parameters ?? []).some((each) => !('$ref' in each) && !each.description),
      ),
    ).toEqual([]);
    expect(
      those(({ operation }) =>
        Object.values(operation.responses).some(
          (each) => !('$ref' in each) && (!each.description || each.description === 'Default Response'),
        ),
      ),
    ).toEqual([]);
  });

  it('names the parameters of each path and no others', () => {
    expect(
      those(({ path, operation }) => {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const told = (operation.parameters ?? []).flatMap((each) =>
          'in' in each && each.in === 'path' ? [each.name] : [],
        );
        return inPath.sort().join() !== told.sort().join();
      }),
    ).toEqual([]);
  });

  it('tells of errors as problems, by one shared schema', () => {
    expect(those(({ operation }) => !('$ref' in (operation.responses['default'] ?? {})))).toEqual([]);
    expect(those(({ operation }) => operation.security?.length !== 0 && !operation.responses['401'])).toEqual(
      [],
    );
    for (const answer of Object.values(document.components.responses) as Answer[]) {
      expect(Object.keys(answer.content ?? {})).toEqual(['application/problem+json']);
      expect(answer.content?.['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      });
    }
    expect(document.components.schemas['ErrorCode']?.['enum']).toEqual(errorCodes().map(({ code }) => code));
    const outside = [...objects(document.paths)].filter(
      (each) => each['$ref'] === '#/components/schemas/Problem',
    );
    expect(outside).toEqual([]);
  });

  it('refers to components that are there, and has none that nobody refers to', () => {
    const used = new Set(
      [...objects(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : [])),
    );
    const { securitySchemes, ...components } = document.components;
    const there = Object.entries(components).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `#/components/${kind}/${name}`),
    );
    expect([...used].sort()).toEqual(there.sort());
    const schemes = operations.flatMap(({ operation }) =>
      (operation.security ?? document.security).flatMap((each) => Object.keys(each)),
    );
    expect([...new Set(schemes)].sort()).toEqual(Object.keys(securitySchemes).sort());
  });

  it('says what bodies are: JSON, the form of a page, and what passes untouched', () => {
    const bodies = operations.flatMap(({ operation }) =>
      operation.requestBody
        ? [[operation.operationId, Object.keys(operation.requestBody.content).join()] as const]
        : [],
    );
    const others = bodies.filter(([, type]) => type !== 'application/json');
    expect(Object.fromEntries(others)).toEqual({
      submitConnectPage: 'application/x-www-form-urlencoded',
      receiveWebhook: '*/*',
      receiveInstallationWebhook: '*/*',
      proxyPost: '*/*',
      proxyPut: '*/*',
      proxyPatch: '*/*',
      proxyDelete: '*/*',
    });
  });

  it('lets answers gain fields, and refuses unknown ones in requests', () => {
    const { schemas } = document.components;
    expect(schemas['Integration']).not.toHaveProperty('additionalProperties');
    expect(schemas['NewConnectLink']).toMatchObject({ additionalProperties: false });
  });

  it('asks for the CSRF token wherever the cookie of a session may change something', () => {
    const CSRF = '#/components/parameters/CsrfToken';
    const asks = those(({ operation }) =>
      (operation.parameters ?? []).some((each) => '$ref' in each && each.$ref === CSRF),
    );
    const changes = those(
      ({ operation, method, path }) =>
        operation.security === undefined &&
        (path.startsWith('/proxy/') || !['get', 'head', 'options'].includes(method)),
    );
    expect(asks).toEqual(changes);
  });

  it('is what /openapi.json serves, with the address of the sidecar', async () => {
    const app = await testServer(testContext(), sidecarRoutes({ draining: false }), as(null as never));
    try {
      const served = (await app.inject('/openapi.json')).json<OpenApiDocument>();
      expect(served).toEqual({ ...document, servers: [{ url: 'http://127.0.0.1:7250' }] });
    } finally {
      await app.close();
    }
  });

  it('is kept as a file', async () => {
    const path = join(import.meta.dirname, '..', '..', 'schema', 'sidecar.openapi.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(document);
  });
});
