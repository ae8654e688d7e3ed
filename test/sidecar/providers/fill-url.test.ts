import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillUrl, redirectOrigin } from '../../../src/sidecar/providers/fill-url.ts';

describe('fillUrl', () => {
  it('fills host, path and query', () => {
    const template = 'https://{sub}.zendesk.com/api/{id}/tokens?user={user}';
    const url = fillUrl(template, { sub: 'acme', id: 'a:1', user: 'x&y=z' });
    expect(url.href).toBe('https://acme.zendesk.com/api/a%3A1/tokens?user=x%26y%3Dz');
  });

  it('takes a host name with a port where the placeholder is the whole host', () => {
    expect(fillUrl('https://{host}/api', { host: 'sentry.acme.example:8443' }).host).toBe(
      'sentry.acme.example:8443',
    );
  });

  it.each([
    'evil.com/',
    'evil.com#',
    'evil.com?',
    'a@evil.com',
    'a:b@evil.com',
    'evil.com\\',
    'evil..com',
    '-evil.com',
    'a b',
    '[::1]',
    'a:99999999',
    'evil.com%2f',
  ])('refuses %s as a host', (host) => {
    expect(() => fillUrl('https://{host}/api', { host })).toThrow('does not fit');
  });

  it.each(['evil.com', 'evil.com/', 'a@b', 'a:1', 'a#', 'a?', '-a', 'a-', 'a_b', ' a', '..', 'a'.repeat(64)])(
    'refuses %s where one label of the host is expected',
    (sub) => {
      expect(() => fillUrl('https://{sub}.zendesk.com/x', { sub })).toThrow('does not fit');
    },
  );

  it.each(['..', '.', 'a/b', 'a\\b', 'a?b', 'a#b', '%2e%2e', 'a b', 'a\nb', '\ud800'])(
    'refuses %s as a segment of a path',
    (id) => {
      expect(() => fillUrl('https://acme.example/x/{id}/y', { id })).toThrow('does not fit');
    },
  );

  it.each([{}, { id: '' }, { id: undefined }])('wants a value: %o', (values) => {
    expect(() => fillUrl('https://acme.example/{id}', values)).toThrow('needs {id}');
  });

  it('takes nothing from the prototype of the values', () => {
    expect(() => fillUrl('https://acme.example/{constructor}', {})).toThrow('needs {constructor}');
  });

  it('never lets a value change the host, the path before it or after it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (sub, id, name) => {
        let url: URL;
        try {
          url = fillUrl('https://{sub}.zendesk.com/a/{id}/b?n={name}&z=1', { sub, id, name });
        } catch {
          return;
        }
        expect(url.hostname.endsWith('.zendesk.com')).toBe(true);
        expect(url.hostname.split('.')).toHaveLength(3);
        expect(url.port + url.username + url.password + url.hash).toBe('');
        expect(url.pathname).toMatch(/^\/a\/[^/]+\/b$/);
        expect([...url.searchParams.keys()]).toEqual(['n', 'z']);
        expect(url.searchParams.get('n')).toBe(name);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('redirectOrigin', () => {
  const origins = {
    'https://api.example': 'https://ghe.example/api/v3',
    'https://api.example/deep': 'http://127.0.0.1:1/deep/',
  };

  it.each([
    ['https://api.example', 'https://ghe.example/api/v3/'],
    ['https://api.example/user?a=1', 'https://ghe.example/api/v3/user?a=1'],
    ['https://api.example/deep/x', 'http://127.0.0.1:1/deep/x'],
    ['https://api.example/deeper', 'https://ghe.example/api/v3/deeper'],
    ['https://api.example.evil.com/x', 'https://api.example.evil.com/x'],
    ['http://api.example/x', 'http://api.example/x'],
  ])('sends %s to %s', (from, to) => {
    expect(redirectOrigin(new URL(from), origins).href).toBe(to);
  });

  it('leaves a URL alone where nothing is configured', () => {
    expect(redirectOrigin(new URL('https://a.example/x'), {}).href).toBe('https://a.example/x');
  });
});
