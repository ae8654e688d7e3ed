import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { resolveEngine } from '../engines/resolve.ts';

const root = join(import.meta.dirname, '..', '..');
const compose = join(root, 'deploy', 'compose.yaml');
const dockerfile = join(root, 'deploy', 'Dockerfile');

let checker = '';
let dir = '';
beforeAll(async () => {
  checker = await resolveEngine('deploy-check');
  dir = await mkdtemp(join(tmpdir(), 'tenantry-deploy-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function check(kind: 'compose' | 'dockerfile', file: string): Promise<string> {
  const run = promisify(execFile)(checker, [kind, file]);
  return run.then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

async function changed(file: string, from: string, to: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  expect(text).toContain(from);
  const copy = join(dir, 'changed');
  await writeFile(copy, text.replace(from, to));
  return copy;
}

interface Service {
  readonly command?: readonly string[];
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
}

async function services(): Promise<Readonly<Record<string, Service>>> {
  const document = parse(await readFile(compose, 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };
  return document.services;
}

describe('the compose file', () => {
  it('is loaded by the code of docker compose without a complaint', async () => {
    expect(await check('compose', compose)).toBe('');
  });

  it('would be refused with a mistake in it', async () => {
    expect(await check('compose', await changed(compose, 'depends_on:', 'dependson:'))).toContain(
      'dependson',
    );
    expect(await check('compose', await changed(compose, 'vault-init: {', 'valt-init: {'))).toContain(
      'valt-init',
    );
  });

  it('calls commands that the program has, with options that they have', async () => {
    const program = createProgram({ io: {} as never, exit: () => undefined });
    const ours = Object.values(await services()).filter(({ image }) => image.includes('tenantry'));
    expect(ours).toHaveLength(3);
    for (const { command = [] } of ours) {
      const [name, ...args] = command;
      const known = program.commands.find((each) => each.name() === name);
      const options = known?.options.flatMap(({ short, long }) => [short, long]) ?? [];
      expect(options).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
    }
  });

  it('gives the sidecar neither the engineer’s password nor Vault’s root token', async () => {
    const sidecar = (await services())['sidecar'];
    expect(sidecar?.secrets).toEqual(['sidecar_password']);
    expect(sidecar?.environment['VAULT_TOKEN_FILE']).toBe('/secrets/vault-sidecar-token');
    expect(sidecar?.environment['PGUSER']).not.toBe('postgres');
    const volumes = (await services())['vault-init']?.volumes ?? [];
    const ofRoot = volumes.find((volume) => volume.endsWith(':/secrets'))?.split(':')[0];
    expect(ofRoot).toBe('vault-secrets');
    expect(sidecar?.volumes).toContain('sidecar-secrets:/secrets:ro');
    expect(sidecar?.volumes?.join()).not.toContain(ofRoot);
  });

  it('names no file of Vault’s settings, because the entry point of the image reads their whole folder', async () => {
    const vault = (await services())['vault'];
    expect(vault?.command).toEqual(['server']);
    expect(vault?.volumes).toContain('./vault/vault.hcl:/vault/config/vault.hcl:ro');
  });

  it('holds no secret itself', async () => {
    for (const { environment = {} } of Object.values(await services())) {
      const secrets = Object.entries(environment).filter(([name]) => /SECRET|PASSWORD|TOKEN|KEY/.test(name));
      for (const [name, value] of secrets)
        expect(value, name).toMatch(/^(\$\{\w+:-\}|\/run\/secrets\/.+|\/secrets\/.+|\/(sidecar-)?secrets)$/);
    }
  });
});

describe('the Dockerfile', () => {
  it('is read by BuildKit’s parser and linter without a warning', async () => {
    expect(await check('dockerfile', dockerfile)).toBe('');
  });

  it('would be refused with a mistake in it', async () => {
    expect(await check('dockerfile', await changed(dockerfile, 'WORKDIR /app', 'WORKDIRS /app'))).toContain(
      'WORKDIRS',
    );
    expect(await check('dockerfile', await changed(dockerfile, ' AS build', ' as build'))).toContain(
      'FromAsCasing',
    );
  });

  it('ends as a user without rights, by number as Kubernetes needs it', async () => {
    const lines = (await readFile(dockerfile, 'utf8')).split('\n');
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER 65532:65532');
  });
});
