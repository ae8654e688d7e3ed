import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { forbiddenHosts } from '../../../src/operator/documents/hosts.ts';

const catalog = await loadCatalog();

function refused(id: string, config: Record<string, unknown>, allowed: readonly string[] = []): string[] {
  const entry = catalog.get(id);
  if (entry === undefined) throw new Error(id);
  return forbiddenHosts(entry, config, allowed).map(({ path }) => String(path));
}

describe('a host in spec.config of a document from Kubernetes', () => {
  it.each([
    'https://evil.example.com',
    'https://api.github.com.evil.example.com',
    'https://api.github.com@evil.example.com/',
    'https://evil.example.com#.api.github.com',
    'https://evil.example.com?api.github.com',
    'https://evil.example.com\\@api.github.com',
    'https://api.github.com%2eevil.example.com',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]:8080/',
    'http://2130706433/',
    'http://localhost:8500',
    'http://vault.vault.svc:8200/v1',
    'file:///etc/passwd',
  ])('does not send the tenant’s token to %s', (api_url) => {
    expect(refused('github', { api_url })).toEqual(['spec.config.api_url']);
  });

  it('is one of the catalog’s, in any case and with a port or path', () => {
    for (const api_url of [
      'https://api.github.com',
      'https://API.github.com:443/',
      'https://api.github.com/v3/x',
    ])
      expect(refused('github', { api_url })).toEqual([]);
    for (const hostname of ['sentry.io', 'us.sentry.io', 'de.sentry.io:443'])
      expect(refused('sentry', { hostname })).toEqual([]);
    expect(refused('sentry', { hostname: 'xsentry.io' })).toEqual(['spec.config.hostname']);
    expect(refused('sentry', { hostname: '.sentry.io' })).toEqual(['spec.config.hostname']);
    expect(refused('jira', { domain: 'acme.atlassian.net' })).toEqual([]);
    expect(refused('jira', { domain: 'jira.internal.example' })).toEqual(['spec.config.domain']);
    expect(refused('aws', { endpoint: 'http://minio.storage.svc:9000' })).toEqual(['spec.config.endpoint']);
  });

  it('may be one that the Platform names', () => {
    const allowed = ['github.example.com', '*.corp.example'];
    expect(refused('github', { api_url: 'https://github.example.com/api/v3' }, allowed)).toEqual([]);
    expect(refused('github', { api_url: 'https://git.corp.example' }, allowed)).toEqual([]);
    expect(refused('github', { api_url: 'https://corp.example' }, allowed)).toEqual(['spec.config.api_url']);
  });

  it('is found inside of settings whose form belongs to the connector', () => {
    const format = {
      filetype: 'unstructured',
      processing: { mode: 'api', api_url: 'http://169.254.169.254/' },
    };
    expect(refused('google-drive', { streams: [{ name: 'a', format }] })).toEqual([
      'spec.config.streams[0].format.processing.api_url',
    ]);
  });
});

it('every setting of the catalog that takes a host or any URL says which hosts it may name', () => {
  const open = [...catalog.values()].flatMap((entry) =>
    Object.entries(entry.airbyte?.config ?? {})
      .filter(
        ([name, setting]) =>
          /(?:url|host|hostname|domain|endpoint)$/.test(name) && setting.hosts === undefined,
      )
      // A pattern that begins with one host leaves no other.
      .filter(([, setting]) => !/^\^https:\/\/[a-z]+(?:\\\.[a-z]+)+\//.test(setting.pattern ?? ''))
      .map(([name]) => `${entry.id}.${name}`),
  );
  expect(open).toEqual([]);
});
