/** `tenantry claim`: a tenant moves from one stack to another, or to an operator, and the old one is refused. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCli } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';
import type { Fault } from '../support/fault-proxy.ts';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterEach(() => environment.calm());
afterAll(() => environment.close());

const documents = (tenant: string): Record<string, string> => ({
  [`tenants/${tenant}.yaml`]:
    tenantYaml(tenant) + integrationYaml(tenant, 'notion', { sync: { streams: [{ name: 'users' }] } }),
});

/** Two stacks with the same tenant; the first has applied it. */
async function twoStacks(tenant: string): Promise<{ from: TestStack; to: TestStack }> {
  const from = await environment.stack(`${tenant}-old`, documents(tenant));
  const to = await environment.stack(`${tenant}-new`, documents(tenant));
  expect((await from.run(['apply', '--yes'])).code).toBe(0);
  return { from, to };
}

describe('a tenant', () => {
  it('is moved between stacks, and the old one is refused by name', async () => {
    const { from, to } = await twoStacks('acme');
    const before = await to.run(['plan', '--tenant', 'acme']);
    expect(before.code).toBe(1);
    expect(before.stdout).toContain(
      '→ use another name, or move the tenant: `tenantry claim acme --from cli:acme-old --to cli:acme-new --stack acme-new`',
    );
    const moved = await to.run(['claim', 'acme', '--from', 'cli:acme-old', '--yes']);
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toContain('owner: cli:acme-old → cli:acme-new');
    expect(moved.stdout).toMatch(/\nApplied: 9 updated\.\n$/);
    expect((await to.run(['plan', '--tenant', 'acme'])).stdout).toContain('No changes');
    const old = await from.run(['apply', '--yes']);
    expect(old.code).toBe(1);
    expect(old.stdout).toContain(
      'OwnedByAnother: vault:claim acme belongs to cli:acme-new, and this is cli:acme-old',
    );
    await from.remove('tenants/acme.yaml');
    expect((await from.run(['apply', '--yes'])).stdout).not.toContain('acme ');
    expect((await to.run(['plan'])).stdout).not.toContain('tenant_acme');
    const again = await to.run(['claim', 'acme', '--from', 'cli:acme-old']);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No changes: 9 up to date\.\n$/) });
  });

  it('is handed to an operator and taken back, as JSON', async () => {
    const { from } = await twoStacks('globex');
    const there = ['claim', 'globex', '--from', 'cli:globex-old', '--to', 'operator:prod', '--yes'];
    expect(await from.json(there)).toMatchObject({
      code: 0,
      json: { ok: true, applied: 9, summary: { updated: 9 }, plan: { changes: 9 } },
    });
    expect((await from.run(['plan'])).stdout).toContain(
      'belongs to operator:prod, and this is cli:globex-old',
    );
    expect(await from.json(['claim', 'globex', '--from', 'operator:prod', '--yes'])).toMatchObject({
      code: 0,
    });
    expect((await from.run(['plan'])).code).toBe(0);
  });

  it('goes on being moved after the command was killed in the middle', async () => {
    const { from, to } = await twoStacks('killed');
    const reached = Promise.withResolvers<void>();
    environment.systems.airbyteProxy.fault = ({ method, path }): Fault | Promise<Fault> => {
      if (method !== 'PATCH' || !path.includes('/destinations/')) return 'pass';
      reached.resolve();
      return new Promise(() => undefined);
    };
    const args = ['claim', 'killed', '--from', 'cli:killed-old', '--yes', '--stack', 'killed-new'];
    const killed = startCli(args, { cwd: to.cwd, env: to.env });
    await reached.promise;
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    environment.calm();
    expect((await from.run(['apply', '--yes'])).stdout).toContain(
      'OwnedByAnother: vault:claim killed belongs to cli:killed-new, and this is cli:killed-old',
    );
    expect((await to.run(['plan', '--tenant', 'killed'])).stdout).toContain(
      'belongs to cli:killed-old, and this is cli:killed-new',
    );
    expect((await to.run(['claim', 'killed', '--from', 'cli:killed-old', '--yes'])).code).toBe(0);
    expect((await to.run(['plan', '--tenant', 'killed'])).code).toBe(0);
  });

  it('is left alone until a person says yes', async () => {
    const { from, to } = await twoStacks('asked');
    expect(await to.run(['claim', 'asked', '--from', 'cli:asked-old'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ConfirmationRequired'),
    });
    expect((await from.run(['plan'])).code).toBe(0);
  });

  it('of a third owner is refused, and then nobody else is moved either', async () => {
    const { to } = await twoStacks('third');
    const { from } = await twoStacks('fourth');
    const refused = await to.run(['claim', 'fourth', 'third', '--from', 'cli:fourth-old', '--yes']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      'OwnedByAnother: tenant third belongs to cli:third-old, not to cli:fourth-old\n  → if it is to be taken from there: `tenantry claim third --from cli:third-old --to cli:third-new --stack third-new`\n',
    );
    expect((await from.run(['plan'])).code).toBe(0);
  });

  it.each([
    [['nobody', '--from', 'cli:other'], 'nobody has claimed tenant nobody'],
    [['x', '--from', 'prod'], '"prod" is no owner'],
    [['x', '--from', 'cli:a b'], '"cli:a b" is no owner'],
    [['x', '--from', 'cli:wrong'], '--from and --to are both cli:wrong'],
    [['x'], "required option '--from <owner>' not specified"],
  ])('%j is refused with the reason', async (args, message) => {
    const stack = await environment.stack('wrong', {});
    const { code, stderr } = await stack.run(['claim', ...args, '--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^InvalidUsage: /);
    expect(stderr).toContain(message);
  });
});

it('waits for an apply of the stack that it takes from', async () => {
  const { from, to } = await twoStacks('busy');
  const waiting = Promise.withResolvers<void>();
  await from.write(
    'tenants/busy.yaml',
    tenantYaml('busy', { database: { connectionLimit: 20 }, encryption: { rotationPeriod: '30d' } }) +
      integrationYaml('busy', 'notion', { sync: { streams: [{ name: 'users' }] } }),
  );
  const writing = Promise.withResolvers<void>();
  environment.systems.vaultProxy.fault = async ({ method, path }): Promise<Fault> => {
    if (method === 'POST' && path.includes('/transit/keys/busy')) {
      writing.resolve();
      await waiting.promise;
    }
    return 'pass';
  };
  const applying = from.run(['apply', '--yes']);
  await writing.promise;
  const claiming = to.run(['claim', 'busy', '--from', 'cli:busy-old', '--yes'], {
    onErr: (text) => {
      if (text.includes('another apply of cli:busy-old is running')) waiting.resolve();
    },
  });
  expect((await applying).code).toBe(0);
  expect((await claiming).code).toBe(0);
});
