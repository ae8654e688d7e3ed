/** `tenantry import` as a person uses it: files, reports, and secrets that go to custody and nowhere else. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliEnvironment, startCliEnvironment, type TestStack } from '../support/cli-environment.ts';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterAll(() => environment.close());

/** Like a live token, which no document may hold. */
const CANARY = `gh${'p_'}canary0123456789abcdef`;

interface Report {
  readonly ok: boolean;
  readonly written: boolean;
  readonly files: readonly { readonly path: string; readonly status: string }[];
  readonly credentials: readonly {
    readonly field: string;
    readonly status: string;
    readonly command?: string;
  }[];
}

async function stackWith(name: string, tenants: object[]): Promise<TestStack> {
  const stack = await environment.stack(name, {});
  await writeFile(join(stack.cwd, 'tenants.json'), JSON.stringify({ tenants }));
  return stack;
}

const tenant = (id: string, accessToken?: string): object => ({
  id,
  integrations: [{ name: 'notion', ...(accessToken === undefined ? {} : { credentials: { accessToken } }) }],
});

describe('an import', () => {
  it('writes documents that are valid, and the same ones when it is run again', async () => {
    const stack = await stackWith('twice', [tenant('acme'), tenant('globex')]);
    const dry = await stack.json<Report>(['import', 'tenants.json', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, json: { written: false } });
    expect((await stack.run(['validate'])).stdout).toContain('Valid: 0 tenants');
    const first = await stack.json<Report>(['import', 'tenants.json']);
    expect(first.json.files.map(({ status }) => status)).toEqual(['create', 'create', 'create', 'create']);
    expect((await stack.run(['validate'])).stdout).toContain('Valid: 2 tenants, 2 integrations');
    const second = await stack.json<Report>(['import', 'tenants.json']);
    expect(second).toMatchObject({ code: 0, json: { ok: true, written: true } });
    expect(new Set(second.json.files.map(({ status }) => status))).toEqual(new Set(['unchanged']));
  });

  it('overwrites nothing that a person wrote, unless it is told to', async () => {
    const stack = await stackWith('kept', [tenant('acme'), tenant('globex')]);
    const own = 'apiVersion: tenantry.dev/v1alpha1\nkind: Tenant\nmetadata: { name: acme }\nspec: {}\n';
    await stack.write('tenants/acme/tenant.yaml', own);
    const refused = await stack.run(['import', 'tenants.json']);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('! tenants/acme/tenant.yaml');
    expect(refused.stdout).toContain('--force');
    expect(await readFile(join(stack.dir, 'tenants/acme/tenant.yaml'), 'utf8')).toBe(own);
    await expect(readFile(join(stack.dir, 'tenants/globex/tenant.yaml'))).rejects.toThrow('ENOENT');
    expect((await stack.run(['import', 'tenants.json', '--force'])).stdout).toContain(
      '~ tenants/acme/tenant.yaml',
    );
    expect(await readFile(join(stack.dir, 'tenants/acme/tenant.yaml'), 'utf8')).not.toBe(own);
  });

  it('makes a stack that is not there yet, from standard input', async () => {
    const { cwd } = await environment.stack('empty', {});
    const { cli } = await import('../support/cli.ts');
    const input = JSON.stringify({ tenants: [tenant('acme')] });
    const made = await cli(['import', '-', '--stack', 'fresh'], { cwd, input });
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect((await cli(['validate', '--stack', 'fresh'], { cwd })).stdout).toContain(
      'Valid: 1 tenant, 1 integration',
    );
  });

  it('says what is missing for a stack to be valid', async () => {
    const stack = await stackWith('missing', [{ id: 'acme', integrations: [{ name: 'slack' }] }]);
    const { code, stdout } = await stack.run(['import', 'tenants.json']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Not valid yet:\n.*slack\.yaml:\d+:\d+: spec\.config\.start_date: is required/);
  });

  it.each([
    [['import', 'nowhere.json'], 'cannot read nowhere.json: ENOENT'],
    [['import', 'tenants.json', '--from', 'terraform'], 'is no state or plan of Terraform'],
    [['import', 'odd.txt'], 'none of the files that can be imported'],
  ])('refuses %j', async (args, message) => {
    const stack = await stackWith('refused', []);
    await writeFile(join(stack.cwd, 'odd.txt'), '<xml/>');
    expect(await stack.run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
  });

  it('stores what it finds in custody, encrypted, once the tenant is applied, and never prints it', async () => {
    const stack = await stackWith('custody', [tenant('acme', CANARY), tenant('hooli', '${ENV:HOOLI_TOKEN}')]);
    const env = { HOOLI_TOKEN: `${CANARY}-hooli` };
    const outputs: string[] = [];
    const run = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await stack.run(args, { env });
      outputs.push(stdout, stderr);
      return stdout;
    };
    expect(await run('import', 'tenants.json')).toContain(
      '`tenantry credentials set acme notion --stack custody`',
    );
    expect(await run('import', 'tenants.json', '--store-credentials')).toContain(
      'acme/notion access_token: Blocked',
    );
    await run('apply', '--yes');
    expect(await run('import', 'tenants.json', '--store-credentials')).toContain(
      'hooli/notion access_token: stored, encrypted',
    );
    expect(await run('import', 'tenants.json', '--store-credentials')).toContain(
      'is there already and was kept',
    );
    expect(await run('import', 'tenants.json', '--output', 'json')).toContain(
      '"command": "tenantry credentials set',
    );
    const { data } = (await environment.asRoot('GET', 'secret/data/acme/notion'))['data'] as {
      data: Record<string, string>;
    };
    expect(data['access_token']).toMatch(/^vault:v1:/);
    expect(await run('credentials', 'list')).toContain('acme');
    for (const path of [
      'tenants/acme/notion.yaml',
      'tenants/hooli/notion.yaml',
      'tenants/acme/tenant.yaml',
    ]) {
      outputs.push(await readFile(join(stack.dir, path), 'utf8'));
    }
    expect(outputs.join('\n')).not.toContain(CANARY);
    await run('apply', '--yes');
    const { data: sources } = await environment.callAirbyte('GET', '/sources');
    expect((sources as { name: string }[]).map(({ name }) => name.split(' ')[0]).sort()).toEqual([
      'acme-notion',
      'hooli-notion',
    ]);
  });
});
