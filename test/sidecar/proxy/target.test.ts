import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogEntry } from '../../../src/catalog/entry.ts';
import { TenantryError } from '../../../src/errors.ts';
import { reachOf, restOf, targetOf } from '../../../src/sidecar/proxy/target.ts';
import { valuesFor } from '../../../src/sidecar/proxy/values.ts';

type ProxyPart = NonNullable<Parameters<typeof reachOf>[0]>;

function part(baseUrl: string, hosts: string[] = []): ProxyPart {
  return catalogEntry.shape.proxy.unwrap().parse({ baseUrl, hosts });
}

const JIRA = reachOf(part('https://api.atlassian.com/ex/jira/{cloud_id}'), { cloud_id: 'own-cloud' }, {});
const SLACK = reachOf(part('https://slack.com/api', ['files.slack.com']), {}, {});
const NOTION = reachOf(part('https://api.notion.com'), {}, {});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof TenantryError ? error.code : String(error);
  }
  return 'ok';
}

describe('the target of a call', () => {
  it.each([
    '/../other-cloud/rest',
    '/..',
    '/x/../../other-cloud',
    '/%2e%2e/other-cloud',
    '/%2E%2e/other-cloud',
    '/.%2e/other-cloud',
    '/..%2fother-cloud',
    '/x%2f..%2f..%2fother-cloud',
    '/..%5cother-cloud',
    '/..\\other-cloud',
    '/%252e%252e/other-cloud',
    '/%252e%252e%252fother-cloud',
    '/%25252e%25252e/x',
    '/%2525252525252e%2e/x',
    '/..;/other-cloud',
    '/..%3b/other-cloud',
    '/..;a=b/other-cloud',
    '/./x',
    '/\\evil.example.com/x',
  ])('refuses %s', (rest) => {
    expect(codeOf(() => targetOf(JIRA, rest))).toBe('AddressNotAllowed');
  });

  it.each([
    ['//evil.example.com/x', 'https://api.notion.com', '//evil.example.com/x'],
    ['/@evil.example.com/x', 'https://api.notion.com', '/@evil.example.com/x'],
    ['/https://evil.example.com/', 'https://api.notion.com', '/https://evil.example.com/'],
    ['/:80@evil.example.com', 'https://api.notion.com', '/:80@evil.example.com'],
    ['/%00%0d%0aHost:%20evil', 'https://api.notion.com', '/%00%0d%0aHost:%20evil'],
    ['/?u=/../..', 'https://api.notion.com', '/?u=/../..'],
    ['/a%2Fb/c%20d?x=%2e%2e#part', 'https://api.notion.com', '/a%2Fb/c%20d?x=%2e%2e'],
    ['/file..name/...', 'https://api.notion.com', '/file..name/...'],
  ])('keeps %s on its host, encoded as it came', (rest, origin, path) => {
    expect(targetOf(NOTION, rest)).toMatchObject({ origin, path });
  });

  it('stays on the host and below the base path whatever the caller writes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '..',
        '%2e',
        '%2f',
        '/',
        '//',
        '\\',
        '@',
        ':',
        '#',
        '?',
        ';',
        '%5c',
        '%25',
        'a',
        '.',
        '[',
        ']',
      ),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let target: ReturnType<typeof targetOf>;
        try {
          target = targetOf(JIRA, `/${pieces.join('')}`);
        } catch (error) {
          expect((error as TenantryError).code).toBe('AddressNotAllowed');
          return;
        }
        const url = new URL(target.origin + target.path);
        expect(url.host).toBe('api.atlassian.com');
        const decoded = decodeURIComponent(
          url.pathname.replaceAll(/%(?![0-9a-f]{2})/gi, '%25').replaceAll(/%[89a-f][0-9a-f]/gi, ''),
        );
        expect(decoded.startsWith('/ex/jira/own-cloud/')).toBe(true);
        expect(decoded.split(/[/\\]/)).not.toContain('..');
        expect(target.path).toMatch(/^[\x21-\x7e]+$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes another host only where the catalog names it, and from its root', () => {
    expect(targetOf(SLACK, '/x', 'files.slack.com')).toMatchObject({
      origin: 'https://files.slack.com',
      path: '/x',
    });
    expect(targetOf(SLACK, '/x', 'slack.com')).toMatchObject({ origin: 'https://slack.com', path: '/api/x' });
    for (const host of [
      'evil.example.com',
      'files.slack.com.evil.example.com',
      'files.slack.com:8080',
      'files.slack.com@evil.example.com',
      'files.slack.com/..',
      'files.slack.com, evil.example.com',
      '127.0.0.1',
      '',
    ]) {
      expect(
        codeOf(() => targetOf(SLACK, '/x', host)),
        host,
      ).toBe('AddressNotAllowed');
    }
  });

  it('goes where the operator sends the origin, and says so', () => {
    const reach = reachOf(
      part('https://api.github.com'),
      {},
      {
        'https://api.github.com': 'https://github.example.com/api/v3',
      },
    );
    expect(targetOf(reach, '/user?x=1')).toEqual({
      origin: 'https://github.example.com',
      path: '/api/v3/user?x=1',
      host: 'api.github.com',
      isMapped: true,
    });
  });

  it('is not sent elsewhere by the mapping of a host that only begins the same', () => {
    const reach = reachOf(
      part('https://api.github.com.example.com'),
      {},
      {
        'https://api.github.com': 'http://127.0.0.1:1',
      },
    );
    expect(targetOf(reach, '/x')).toMatchObject({ isMapped: false });
  });
});

describe('values of the tenant in the address', () => {
  it.each([
    'evil.example.com/',
    'evil.example.com#',
    'evil.example.com?',
    'user@evil.example.com',
    'evil.example.com\\',
    'evil.example.com\r\nX-Injected: 1',
    'evil example.com',
    'evil.example.com/%2e%2e',
  ])('cannot be %j as a host', (hostname) => {
    expect(codeOf(() => reachOf(part('https://{hostname}/api'), { hostname }, {}))).not.toBe('ok');
    expect(codeOf(() => reachOf(part('https://{hostname}.zendesk.com/api'), { hostname }, {}))).not.toBe(
      'ok',
    );
  });

  it('cannot leave their place in the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (cloud_id) => {
        let reach: ReturnType<typeof reachOf>;
        try {
          reach = reachOf(part('https://api.atlassian.com/ex/jira/{cloud_id}'), { cloud_id }, {});
        } catch (error) {
          expect(error).toBeInstanceOf(TenantryError);
          return;
        }
        expect(reach.base.origin).toBe('https://api.atlassian.com');
        expect(reach.base.pathname.split('/').length).toBe(4);
        expect(reach.base.search + reach.base.hash).toBe('');
      }),
    );
  });

  it('are never secret settings', () => {
    const entry = catalogEntry.parse({
      id: 'thing',
      name: 'Thing',
      category: 'other',
      docs: 'https://example.com/docs',
      auth: { kind: 'api_key', label: 'Key' },
      airbyte: {
        sourceType: 'thing',
        credentialOwner: 'static',
        config: {
          region: { type: 'string', default: 'eu', description: 'Region.' },
          api_token: { type: 'string', secret: true, description: 'Token.' },
        },
        configuration: {},
      },
    });
    const values = valuesFor(entry, { api_token: '${ENV:SECRET}', region: 'us' }, { cloud: 'c' });
    expect(values).toEqual({ region: 'us', cloud: 'c' });
    expect(valuesFor(entry, {}, { region: 'of the account' })).toEqual({ region: 'of the account' });
  });
});

describe('the rest of the address', () => {
  it('is what the caller wrote after the integration', () => {
    expect(restOf('/proxy/notion/v1/a%2Fb?x=/y')).toBe('/v1/a%2Fb?x=/y');
    expect(restOf('/proxy/notion/')).toBe('/');
    expect(restOf('/proxy/notion//evil')).toBe('//evil');
  });

  it('is refused for a request line with a whole address', () => {
    for (const url of [
      'http://evil.example.com/proxy/notion/v1',
      '*',
      '/proxy/notion',
      '/proxy?x=/notion/v1',
      '',
    ]) {
      expect(
        codeOf(() => restOf(url)),
        url,
      ).toBe('InvalidRequest');
    }
  });
});
