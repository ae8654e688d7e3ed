/** destroy: what is kept, what goes, who must say so, and the dump before it. */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterAll(() => environment.close());

async function applied(name: string, spec: object = {}): Promise<TestStack> {
  const stack = await environment.stack(name, {
    'tenants/x.yaml':
      tenantYaml(name, spec) + integrationYaml(name, 'notion', { sync: { streams: [{ name: 'users' }] } }),
  });
  expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  await stack.run(['credentials', 'set', name, 'notion'], { input: `ntn_token-of-${name}` });
  expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  return stack;
}

async function schemas(): Promise<unknown[]> {
  const rows = await environment.sql('SELECT nspname FROM pg_namespace');
  return rows.map((row) => row['nspname']);
}

async function keys(): Promise<string[]> {
  const answer = await environment.asRoot('GET', 'transit/keys?list=true');
  return (answer['data'] as { keys: string[] }).keys;
}

describe('destroy', () => {
  it('needs the name, and changes nothing without', async () => {
    const stack = await applied('named');
    expect(await stack.run(['destroy', 'named'])).toMatchObject({
      code: 1,
      stderr:
        'ConfirmationRequired: there is no terminal to ask at; nothing was changed\n  → pass --confirm named\n',
    });
    expect(await stack.run(['destroy', 'named', '--confirm', 'nemad'])).toMatchObject({
      code: 1,
      stderr: 'ConfirmationRequired: --confirm names nemad, not named\n  → pass --confirm named\n',
    });
    const { json } = await stack.json<ErrorDocument>(['destroy', 'named']);
    expect(json.error.code).toBe('ConfirmationRequired');
    expect((await stack.run(['plan'])).code).toBe(0);
    expect((await stack.run(['destroy', 'namde', '--confirm', 'namde'])).stderr).toContain(
      'did you mean "named"?',
    );
  });

  it('keeps the data of a tenant that says Retain, and says what', async () => {
    const stack = await applied('kept');
    const { code, stdout, stderr } = await stack.run(['destroy', 'kept', '--confirm', 'kept']);
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Tenant kept
        - airbyte:connection kept-notion
        - airbyte:source kept-notion
        - airbyte:destination kept-postgres
        - airbyte:workspace kept
        = vault:credential kept/notion  is kept (deletionPolicy: Retain)
        = postgres:schema tenant_kept  is kept (deletionPolicy: Retain)
        = postgres:role tenant_kept_reader  is kept (deletionPolicy: Retain)
        - postgres:role tenant_kept_loader  is kept, but nobody can log in with it any more
        = vault:generated-secret _platform/postgres/kept  is kept (deletionPolicy: Retain)
        - vault:auth-role approle/tenant-kept
        - vault:policy tenant-kept
        = vault:transit-key kept  is kept (deletionPolicy: Retain)
        = vault:claim kept  is kept (deletionPolicy: Retain)

      Plan: 6 to delete, 1 to retire; 6 retained.
      Applied: 6 deleted, 1 retired, 6 retained.
      "
    `);
    expect(stderr).toBe('The documents still name kept: remove them, or the next apply makes it again.\n');
    expect(await schemas()).toContain('tenant_kept');
    expect(await keys()).toContain('kept');
    const [role] = await environment.sql(
      "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'tenant_kept_loader'",
    );
    expect(role).toEqual({ rolcanlogin: false });
    expect((await stack.run(['destroy', 'kept', '--confirm', 'kept'])).stdout).toContain('No changes');
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
    expect((await stack.run(['plan'])).code).toBe(0);
  });

  it('removes all of a tenant that says Delete, after it was confirmed', async () => {
    const stack = await applied('goes', { deletionPolicy: 'Delete' });
    await stack.remove('tenants/x.yaml');
    const pruned = await stack.run(['apply', '--yes']);
    expect(pruned.code).toBe(0);
    expect(pruned.stdout).toContain('→ tenantry destroy goes --confirm goes --stack goes');
    expect(await schemas()).toContain('tenant_goes');
    const { code, stdout } = await stack.run(['destroy', 'goes', '--confirm', 'goes']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('is kept');
    expect(await schemas()).not.toContain('tenant_goes');
    expect(await keys()).not.toContain('goes');
    expect(await environment.sql("SELECT 1 FROM pg_roles WHERE rolname LIKE 'tenant_goes%'")).toEqual([]);
    expect((await stack.run(['plan'])).stdout).toMatch(/^No changes/);
  });

  it('leaves other tenants of the stack alone', async () => {
    const stack = await environment.stack('two-of', {
      'tenants/a.yaml': tenantYaml('two-a', { deletionPolicy: 'Delete' }),
      'tenants/b.yaml': tenantYaml('two-b', { deletionPolicy: 'Delete' }),
    });
    await stack.run(['apply', '--yes']);
    const { code, json } = await stack.json<{ results: { tenant?: string }[] }>([
      'destroy',
      'two-a',
      '--confirm',
      'two-a',
    ]);
    expect(code).toBe(0);
    expect(new Set(json.results.map(({ tenant }) => tenant))).toEqual(new Set(['two-a']));
    expect(await schemas()).toContain('tenant_two_b');
  });
});

describe('--dump', () => {
  /** A pg_dump that writes down how it was called: which version the machine has must not matter here. */
  async function fakeDump(stack: TestStack, script: string): Promise<{ readonly PATH: string }> {
    const bin = join(stack.cwd, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'pg_dump'), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, 'pg_dump'), 0o755);
    return { PATH: `${bin}:/usr/bin:/bin` };
  }

  const RECORD = `for word in "$@"; do case "$word" in --file=*) file="\${word#--file=}";; esac; done
printf '%s\\n' "$@" "$PGHOST" "$PGDATABASE" "$PGUSER" "$PGSSLMODE" > "$file"
test -n "$PGPASSWORD"`;

  it('writes every schema of the tenant before anything is removed, for the user alone', async () => {
    const stack = await applied('dumped', { deletionPolicy: 'Delete' });
    const env = await fakeDump(stack, RECORD);
    const args = ['destroy', 'dumped', '--confirm', 'dumped', '--dump', 'dumped.dump'];
    const { code, stderr } = await stack.run(args, { env });
    expect(code).toBe(0);
    expect(stderr).toContain('Wrote tenant_dumped to ');
    const file = join(stack.cwd, 'dumped.dump');
    const words = (await readFile(file, 'utf8')).split('\n');
    expect(words).toContain('--format=custom');
    expect(words).toContain('--schema="tenant_dumped"');
    expect(words).toContain('disable');
    expect(words.join(' ')).not.toContain(environment.systems.postgres.password);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    const again = await stack.run(args, { env });
    expect(again.code).toBe(0);
    expect((await readFile(file, 'utf8')).split('\n')).toEqual(words);
  });

  it('that fails removes nothing, and keeps a dump of before', async () => {
    const stack = await applied('dump-fails', { deletionPolicy: 'Delete' });
    const env = await fakeDump(
      stack,
      'echo "pg_dump: error: aborting because of server version mismatch" >&2; exit 1',
    );
    await writeFile(join(stack.cwd, 'old.dump'), 'a dump of before');
    const { code, stderr } = await stack.run(
      ['destroy', 'dump-fails', '--confirm', 'dump-fails', '--dump', 'old.dump'],
      { env },
    );
    expect(code).toBe(1);
    expect(stderr).toContain('PostgresError: pg_dump failed: ');
    expect(stderr).toContain('→ nothing was removed; put a pg_dump as new as the server first on PATH');
    expect(await readFile(join(stack.cwd, 'old.dump'), 'utf8')).toBe('a dump of before');
    expect(await schemas()).toContain('tenant_dump_fails');
    expect((await stack.run(['plan'])).code).toBe(0);
  });

  it('without pg_dump on PATH, or with a file that cannot be written, is a clear error', async () => {
    const stack = await applied('no-dump', { deletionPolicy: 'Delete' });
    const args = ['destroy', 'no-dump', '--confirm', 'no-dump', '--dump'];
    const without = await stack.run([...args, 'x.dump'], { env: { PATH: '/nowhere' } });
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('PostgresError: pg_dump could not be started');
    expect(without.stderr).toContain('install the Postgres client programs');
    for (const file of ['/dev/null/x.dump', 'no/such/folder/x.dump']) {
      const unwritable = await stack.run([...args, file], { env: { PATH: process.env['PATH'] } });
      expect(unwritable.code).toBe(1);
      expect(unwritable.stderr).toContain('NotWritable: the dump cannot be written: ');
    }
    expect(await schemas()).toContain('tenant_no_dump');
  });
});
