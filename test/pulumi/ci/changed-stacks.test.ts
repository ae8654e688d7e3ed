import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentedFile } from './documented.ts';

const run = promisify(execFile);
let folder: string;

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
}

async function git(...args: string[]): Promise<string> {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  return (await run('git', [...who, ...args], { cwd: folder })).stdout.trim();
}

async function commit(): Promise<void> {
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'change');
}

async function changed(before = 'HEAD^'): Promise<{ stacks: string[]; told: string }> {
  const script = join(folder, '.github', 'changed-stacks.mjs');
  const { stdout, stderr } = await run(process.execPath, [script, before], { cwd: folder });
  return { stacks: JSON.parse(stdout) as string[], told: stderr };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-ci-'));
  await git('init', '--quiet', '--initial-branch', 'main');
  await write('.github/changed-stacks.mjs', await documentedFile('changed-stacks.mjs'));
  await write('Pulumi.yaml', 'name: tenants\n');
  await write('stacks/platform.yaml', 'kind: Platform\n');
  for (const stack of ['eu-1', 'eu-2', 'us-1']) {
    await write(`stacks/${stack}/tenants/of-${stack}/tenant.yaml`, 'kind: Tenant\n');
    await symlink('../platform.yaml', join(folder, 'stacks', stack, 'platform.yaml'));
  }
  await commit();
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the script that finds the changed stacks', () => {
  it('names the stack of a changed document and no other', async () => {
    await write('stacks/eu-2/tenants/of-eu-2/tenant.yaml', 'kind: Tenant # changed\n');
    await write('README.md', 'nothing of a stack\n');
    await commit();
    expect(await changed()).toEqual({ stacks: ['eu-2'], told: '' });
  });

  it('names none when no document changed', async () => {
    await write('README.md', 'nothing of a stack\n');
    await commit();
    expect((await changed()).stacks).toEqual([]);
  });

  it('names both stacks when a tenant moves from one to the other', async () => {
    await mkdir(join(folder, 'stacks/us-1/tenants/moved'), { recursive: true });
    await git('mv', 'stacks/eu-1/tenants/of-eu-1/tenant.yaml', 'stacks/us-1/tenants/moved/tenant.yaml');
    await commit();
    expect((await changed()).stacks).toEqual(['eu-1', 'us-1']);
  });

  it('names a stack whose settings changed, and a new one', async () => {
    await write('Pulumi.us-1.yaml', 'config: {}\n');
    await write('stacks/ap-1/platform.yaml', 'kind: Platform\n');
    await commit();
    expect((await changed()).stacks).toEqual(['ap-1', 'us-1']);
  });

  it.each(['stacks/platform.yaml', 'Pulumi.yaml', 'package-lock.json'])(
    'names all when %s changed, which all share',
    async (file) => {
      await write(file, 'changed: true\n');
      await commit();
      expect((await changed()).stacks).toEqual(['eu-1', 'eu-2', 'us-1']);
    },
  );

  it('names all when the commits cannot be compared', async () => {
    expect((await changed('0000000000000000000000000000000000000000')).stacks).toEqual([
      'eu-1',
      'eu-2',
      'us-1',
    ]);
  });

  it('leaves out a stack whose folder is gone, and says what to do about it', async () => {
    await rm(join(folder, 'stacks/eu-1'), { recursive: true });
    await commit();
    const { stacks, told } = await changed();
    expect(stacks).toEqual([]);
    expect(told).toContain('pulumi destroy --stack eu-1');
  });

  it('takes the names as they are, spaces and umlauts included', async () => {
    await write('stacks/größe 1/platform.yaml', 'kind: Platform\n');
    await commit();
    expect((await changed()).stacks).toEqual(['größe 1']);
  });
});
