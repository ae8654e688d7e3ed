/** The request for sample rows, made from the catalog's template. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRequest, type PreviewRequest, preview } from '../../../src/catalog/preview.ts';
import { rowsRequest } from '../../../src/sidecar/preview/request.ts';

function template(parts: object): PreviewRequest {
  const parsed = preview.parse(parts);
  if (!isRequest(parsed)) throw new Error('no request');
  return parsed;
}

const NONE = { values: {}, limit: 5, each: undefined } as const;

test('placeholders are filled in path, query, body and added columns', () => {
  const made = rowsRequest(
    template({
      method: 'POST',
      path: '/v1/{org}/rows/{each}',
      query: { limit: '{limit}', parent: 'p-{each}' },
      body: { size: '{limit}', of: '{each}', query: 'query { a(first: {limit}) }' },
      add: { parent: '{each}' },
    }),
    { values: { org: 'acme inc' }, limit: 5, each: 'shop/α' },
  );
  expect(made.rest).toBe('/v1/acme%20inc/rows/shop/%CE%B1?limit=5&parent=p-shop%2F%CE%B1');
  // A body may be full of braces: only a string that is a placeholder and nothing else is one.
  expect(made.body).toBe('{"size":5,"of":"shop/α","query":"query { a(first: {limit}) }"}');
  expect(made.add).toEqual({ parent: 'shop/α' });
});

test('a value that is not known is told by name', () => {
  expect(() => rowsRequest(template({ path: '/{cloud_id}/rows' }), NONE)).toThrow(
    expect.objectContaining({ code: 'NotSupported', message: expect.stringContaining('cloud_id') }),
  );
});

test('what comes from a tenant never becomes query, fragment or another host', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (each) => {
      const { rest } = rowsRequest(template({ path: '/rows/{each}/children', query: { a: '{each}' } }), {
        ...NONE,
        each,
      });
      const [path = '', query = '', ...more] = rest.split('?');
      expect(more).toEqual([]);
      expect(path).toMatch(/^\/rows\/[^?#\\\s]*\/children$/);
      expect(new URLSearchParams(query).get('a')).toBe(each.toWellFormed());
    }),
  );
});
