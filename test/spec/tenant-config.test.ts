import { describe, expect, it } from 'vitest';
import { InvalidDocumentsError } from '../../src/errors.ts';
import { draftOf } from '../../src/spec/load.ts';
import { readTenantConfig } from '../../src/spec/tenant-config.ts';

const GOOD = JSON.stringify({
  tenants: [
    {
      id: 'acme',
      name: 'Acme Inc.',
      integrations: [
        { name: 'notion', credentials: { accessToken: '${VAULT:secret/data/acme/notion:access_token}' } },
        { name: 'slack' },
      ],
    },
    { id: 'globex' },
  ],
});

function problemsOf(text: string): readonly { message: string; line?: number; path?: string }[] {
  try {
    readTenantConfig('tenants.json', text);
  } catch (error) {
    if (error instanceof InvalidDocumentsError) return error.problems;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('a tenant config file', () => {
  it('becomes the documents of its tenants and integrations', () => {
    const { yaml, credentials } = readTenantConfig('tenants.json', GOOD);
    const draft = draftOf([{ file: 'tenants.json', text: yaml }], '.');
    expect(draft.tenants.map(({ metadata, spec }) => [metadata.name, spec.displayName])).toEqual([
      ['acme', 'Acme Inc.'],
      ['globex', undefined],
    ]);
    expect(draft.integrations.map(({ metadata }) => metadata.name)).toEqual(['acme-notion', 'acme-slack']);
    expect(credentials).toEqual([
      { tenant: 'acme', integration: 'notion', accessToken: '${VAULT:secret/data/acme/notion:access_token}' },
    ]);
  });

  it('refuses a literal token with its place and does not repeat it', () => {
    const text = GOOD.replace('${VAULT:secret/data/acme/notion:access_token}', 'ntn_canary_token_1234567890');
    const problems = problemsOf(text);
    expect(problems[0]).toMatchObject({
      line: 1,
      path: 'tenants[0].integrations[0].credentials.accessToken',
    });
    expect(JSON.stringify(problems)).not.toContain('canary');
  });

  it.each([
    ['a field that it does not know', '{"tenants": [{"id": "acme", "naem": "x"}]}', 'naem'],
    ['a name that no document may have', '{"tenants": [{"id": "Acme!"}]}', 'tenants[0].id'],
    ['no list of tenants', '{"tenant": []}', 'tenants'],
  ])('names %s', (_what, text, place) => {
    const told = problemsOf(text).map(({ message, path }) => `${path} ${message}`);
    expect(told.join('\n')).toContain(place);
  });

  it('says where JSON is broken', () => {
    expect(problemsOf('{"tenants": [\n{"id": "acme",, }]}')[0]?.line).toBe(2);
  });
});
