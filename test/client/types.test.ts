/** Read by the compiler: a path, field or code that vanishes from the document is an error of `tsc`. */
import { describe, expectTypeOf, it } from 'vitest';
import {
  createSidecarClient,
  type Schema,
  type SidecarClient,
  type SidecarErrorCode,
} from '../../src/client/index.ts';
import type { ErrorCode } from '../../src/errors.ts';

/** Never called: only its types matter. */
async function calls(client: SidecarClient): Promise<void> {
  const place = { path: { tenant: 'acme', integration: 'notion' } };
  const { integrations } = await client.get('/tenants/{tenant}/integrations', { path: { tenant: 'acme' } });
  expectTypeOf(integrations).toEqualTypeOf<Schema<'Integration'>[]>();
  const token = await client.get('/tenants/{tenant}/integrations/{integration}/token', place);
  expectTypeOf(token.expiresAt).toEqualTypeOf<string | null>();
  const link = await client.post('/tenants/{tenant}/integrations/{integration}/connect-links', {
    ...place,
    body: { expiresInSeconds: 60 },
  });
  expectTypeOf(link.url).toEqualTypeOf<string>();
  await client.post('/tenants/{tenant}/integrations/{integration}/connect-links', place);
  const nothing = await client.delete('/tenants/{tenant}/api-keys/{id}', {
    path: { tenant: 'acme', id: 'x' },
  });
  expectTypeOf(nothing).toEqualTypeOf<undefined>();
  const health = await client.get('/health');
  expectTypeOf(health.status).toEqualTypeOf<'ok'>();
  const { records } = await client.get('/tenants/{tenant}/access-log', {
    path: { tenant: 'acme' },
    query: { integration: 'notion', limit: 10 },
  });
  expectTypeOf(records).toEqualTypeOf<Schema<'AccessRecord'>[]>();
  const { content } = await client.post('/api/v1/tools/invoke', {
    body: { toolId: 'search', integration: 'notion' },
  });
  expectTypeOf(content).toEqualTypeOf<unknown[]>();
  const { authorizationUrl } = await client.get('/oauth/authorize/{integration}', {
    path: { integration: 'notion' },
  });
  expectTypeOf(authorizationUrl).toEqualTypeOf<string>();
  expectTypeOf(await client.proxy('notion', '/v1/users')).toEqualTypeOf<Response>();

  // @ts-expect-error no such path
  await client.get('/tenants/{tenant}/integrationz', { path: { tenant: 'acme' } });
  // @ts-expect-error this path has no PUT
  await client.put('/tenants/{tenant}/integrations', { path: { tenant: 'acme' } });
  // @ts-expect-error the path's parameters are missing
  await client.get('/tenants/{tenant}/integrations');
  // @ts-expect-error one parameter is missing
  await client.get('/tenants/{tenant}/integrations/{integration}', { path: { tenant: 'acme' } });
  // @ts-expect-error the query has no such field
  await client.get('/tenants/{tenant}/usage', { path: { tenant: 'acme' }, query: { since: '2026-01-01' } });
  // @ts-expect-error the body is missing
  await client.post('/tenants/{tenant}/integrations/{integration}/credentials', place);
  // @ts-expect-error the body has no such field
  await client.post('/api/v1/tools/invoke', { body: { toolId: 'search', integration: 'notion', args: {} } });
  // @ts-expect-error for a person's browser, not for a program
  await client.get('/connect/{token}', { path: { token: 'x' } });
  // @ts-expect-error has a method of its own
  await client.get('/proxy/{integration}/{path}', { path: { integration: 'notion', path: 'v1' } });
}

describe('the types of the client', () => {
  it('are those of the document', () => {
    expectTypeOf(calls).toBeFunction();
    expectTypeOf(createSidecarClient({ url: 'http://127.0.0.1' })).toEqualTypeOf<SidecarClient>();
  });

  it('know every error code of the sidecar', () => {
    expectTypeOf<Schema<'ErrorCode'>>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<ErrorCode>().toExtend<SidecarErrorCode>();
  });
});
