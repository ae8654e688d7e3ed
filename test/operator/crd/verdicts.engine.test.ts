import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integrations, mutated, tenants } from '../../spec/families.ts';
import { type CustomResources, startCustomResources } from './api.ts';
import { TOKEN } from './field.ts';
import { ownProblems } from './own-verdict.ts';
import { CASES, SAMPLES } from './verdicts.ts';

let kube: CustomResources;

beforeAll(async () => {
  kube = await startCustomResources();
});
afterAll(() => kube?.api.close());

describe('the API server and tenantry validate', () => {
  it('are asked about more than two hundred documents, good and bad', () => {
    expect(CASES.filter(({ refused }) => refused === undefined).length).toBeGreaterThan(100);
    expect(CASES.filter(({ refused }) => refused !== undefined).length).toBeGreaterThan(150);
  });

  it.each(CASES.filter(({ unlike }) => unlike === undefined).map((row) => [row.about, row] as const))(
    'agree on %s',
    async (_about, { kind, document, refused, path }) => {
      const verdict = await kube.verdictOn(kind, document);
      const own = ownProblems(document);
      if (refused === undefined) {
        expect(verdict.message).toBe('');
        expect(own).toEqual([]);
      } else {
        expect(verdict.status).toBeGreaterThanOrEqual(400);
        expect(verdict.message).toMatch(refused);
        expect(own.join('\n')).toContain(path);
      }
    },
  );

  it.each(CASES.flatMap((row) => (row.unlike === undefined ? [] : [[row.about, row.unlike, row] as const])))(
    'cannot agree on %s, because %s',
    async (_about, _unlike, { kind, document, path }) => {
      expect((await kube.verdictOn(kind, document)).message).toBe('');
      expect(ownProblems(document).join('\n')).toContain(path);
    },
  );

  it.each([
    ['Tenant', tenants],
    ['TenantIntegration', integrations],
  ] as const)('agree on whatever a %s may look like', async (kind, family) => {
    let refused = 0;
    const check = fc.asyncProperty(
      fc.oneof(family, mutated(family), mutated(mutated(family))),
      async (document) => {
        const own = ownProblems(document);
        fc.pre(!own.some((problem) => SEEN_BY_US_ALONE.test(problem)));
        const verdict = await kube.verdictOn(kind, document);
        if (own.length > 0) refused += 1;
        expect({ taken: verdict.status < 300, own, words: verdict.message }).toEqual({
          taken: own.length === 0,
          own,
          words: verdict.message,
        });
      },
    );
    await fc.assert(check, { numRuns: 400 });
    expect(refused).toBeGreaterThan(50);
  });
});

/** See the cases on which the two cannot agree. */
const SEEN_BY_US_ALONE =
  /^metadata\.(?:labels|annotations)|is written by another stream of this document|(?:cursorField|primaryKey)\[.*looks like|^spec\.config.*looks like/;

describe('the words of a refusal', () => {
  it('never repeat a secret', async () => {
    const spec = { ...SAMPLES.TenantIntegration.spec, app: { clientId: 'a', clientSecret: 'hunter2' } };
    const { message } = await kube.verdictOn('TenantIntegration', { ...SAMPLES.TenantIntegration, spec });
    expect(message).toContain(
      'spec.app.clientSecret: Invalid value: a literal secret is not allowed here; write',
    );
    expect(message).not.toContain('hunter2');
    for (const secret of [{ scopes: [TOKEN] }, { app: { clientId: TOKEN, clientSecret: '${ENV:A}' } }]) {
      const document = {
        ...SAMPLES.TenantIntegration,
        spec: { ...SAMPLES.TenantIntegration.spec, ...secret },
      };
      const verdict = await kube.verdictOn('TenantIntegration', document);
      expect(verdict.message).toContain('this looks like a token or key');
      expect(verdict.message).not.toContain(TOKEN);
    }
  });

  it('are those of tenantry validate where a pattern is not matched, and hold no pattern', async () => {
    const rows = CASES.filter(
      ({ refused, path, document }) =>
        refused !== undefined &&
        path.startsWith('spec.') &&
        /must (?:be|not|have)/.test(ownProblems(document)[0] ?? ''),
    );
    let same = 0;
    for (const { kind, document } of rows) {
      const { message } = await kube.verdictOn(kind, document);
      expect(message).not.toMatch(/should match|\^\[/);
      const own = (ownProblems(document)[0] ?? '').replace(/^\S+: /, '').replace(/; found .*$/, '');
      if (message.includes(own)) same += 1;
    }
    expect(same).toBeGreaterThan(40);
  });
});

describe('an unknown field', () => {
  const document = {
    ...SAMPLES.TenantIntegration,
    spec: { ...SAMPLES.TenantIntegration.spec, suspended: true, sync: { shedule: 'H * * * *' } },
  };

  it('is refused by name under field validation Strict', async () => {
    const { status, message } = await kube.verdictOn('TenantIntegration', document);
    expect(status).toBe(400);
    expect(message).toContain('unknown field "spec.suspended"');
    expect(message).toContain('unknown field "spec.sync.shedule"');
  });

  it.each(['Warn', 'Ignore'])('is dropped under field validation %s, and the default counts', async (how) => {
    const { status, body } = await kube.verdictOn('TenantIntegration', document, how);
    expect(status).toBe(201);
    expect(body.spec).not.toHaveProperty('suspended');
    expect(body.spec).toMatchObject({ suspend: false, sync: { schedule: 'manual' } });
  });
});
