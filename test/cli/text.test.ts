/** The parts that make texts: hints with the stack, merged tenants, progress lines. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeTenants } from '../../src/cli/format/merge-tenants.ts';
import { completeHints } from '../../src/cli/hints.ts';
import { createProgress } from '../../src/cli/progress.ts';

describe('commands in hints', () => {
  const hint = completeHints({ stack: 'prod', envFile: 'my env' });

  it('get the stack and the environment file of this run', () => {
    expect(hint('see `tenantry plan`, then `tenantry apply`')).toBe(
      "see `tenantry plan --stack prod --env-file 'my env'`, then `tenantry apply --stack prod --env-file 'my env'`",
    );
    expect(hint('tenantry destroy acme --confirm acme')).toBe(
      "tenantry destroy acme --confirm acme --stack prod --env-file 'my env'",
    );
    expect(hint('store a token: tenantry credentials set acme notion')).toContain('notion --stack prod');
  });

  it('stay as they are where the command takes no stack, or nothing was given', () => {
    for (const text of [
      '`tenantry schema`',
      '`tenantry plan --help` shows it',
      'run `vault operator init`',
    ]) {
      expect(completeHints({ stack: 'prod' })(text).replace(' --stack prod', '')).toBe(text);
    }
    expect(hint('`tenantry schema`')).toBe('`tenantry schema`');
    expect(completeHints({})('`tenantry plan`')).toBe('`tenantry plan`');
  });
});

describe('a plan of many tenants', () => {
  const block = (tenant: string): { tenant: string; lines: string[] } => ({
    tenant,
    lines: [`+ vault:claim ${tenant}`, `+ postgres:schema tenant_${tenant.replaceAll('-', '_')}`],
  });

  it('tells a few one by one', () => {
    expect(mergeTenants(['a-1', 'b'].map(block)).map(({ title }) => title)).toEqual([
      'Tenant a-1',
      'Tenant b',
    ]);
  });

  it('tells once what is the same for each', () => {
    const odd = { tenant: 'odd', lines: ['- vault:claim odd'] };
    const tenants = Array.from({ length: 300 }, (_, index) => block(`t-${index}`));
    expect(mergeTenants([...tenants, odd])).toEqual([
      {
        title: '300 tenants, the same for each <tenant>: t-0, t-1, t-2, t-3 and 296 more',
        lines: ['+ vault:claim <tenant>', '+ postgres:schema tenant_<tenant>'],
      },
      { title: 'Tenant odd', lines: ['- vault:claim odd'] },
    ]);
  });

  it('never merges what differs in more than the name, and loses no tenant', () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9]|-[a-z0-9]){0,6}$/);
    const blocks = fc.uniqueArray(fc.record({ tenant: name, limit: fc.integer({ min: 10, max: 12 }) }), {
      selector: ({ tenant }) => tenant,
      minLength: 6,
      maxLength: 30,
    });
    fc.assert(
      fc.property(blocks, (given) => {
        const merged = mergeTenants(
          given.map(({ tenant, limit }) => ({ tenant, lines: [`~ ${tenant}`, `limit: ${limit}`] })),
        );
        const counted = merged.map(({ title, lines }) => ({
          number: Number(/^(\d+) tenants/.exec(title)?.[1] ?? 1),
          limit: lines[1],
        }));
        for (const limit of [10, 11, 12]) {
          const expected = given.filter((item) => item.limit === limit).length;
          const found = counted.filter((item) => item.limit === `limit: ${limit}`);
          expect(found.reduce((sum, { number }) => sum + number, 0)).toBe(expected);
        }
      }),
    );
  });
});

describe('progress', () => {
  const result = {
    id: 'vault:policy/x',
    kind: 'vault:policy',
    name: `tenant-${'x'.repeat(100)}`,
    tenant: 'x',
    integration: undefined,
    outcome: 'created',
  } as const;
  const problem = { code: 'VaultSealed', message: 'Vault is sealed', hint: '' } as const;

  it('on a terminal is one line that fits it', () => {
    let text = '';
    const progress = createProgress({
      err: (part) => {
        text += part;
      },
      progress: true,
      columns: 40,
    });
    progress.onEvent({ type: 'finished', result, done: 1, total: 2 });
    progress.end();
    const lines = text.split('\r\u001b[2K');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toHaveLength(39);
  });

  it('elsewhere is a line now and then, and one for each reason to try again', () => {
    const lines: string[] = [];
    const progress = createProgress({ err: (line) => lines.push(line), progress: false, columns: 80 });
    for (let done = 1; done <= 100; done++) {
      progress.onEvent({ type: 'retrying', id: result.id, problem });
      progress.onEvent({ type: 'finished', result, done, total: 100 });
    }
    progress.end();
    expect(lines[0]).toBe('  trying again: VaultSealed: Vault is sealed\n');
    expect(lines.slice(1)).toEqual(
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((done) => `  ${done}/100 (${done}%)\n`),
    );
  });
});
