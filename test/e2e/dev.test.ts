/** `tenantry dev` as a user starts it: one process, everything in it, from documents to rows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', '..');
const STACK = join(ROOT, 'stacks', 'dev');

interface Outcome {
  readonly tenants: readonly {
    readonly tenant: string;
    readonly schema: string;
    readonly integrations: readonly {
      readonly integration: string;
      readonly status: string;
      readonly rows: number;
    }[];
  }[];
  readonly applied: number;
  readonly secondPlan: { readonly changes: number };
  readonly durationMs: number;
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Variables of `.tenantry/dev.env` in the working directory. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-dev-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs it with nothing of this machine's environment but the search path, in `cwd`. */
async function dev(cwd: string, ...args: string[]): Promise<Run> {
  const main = join(ROOT, 'src', 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, 'dev', '--once', '--output', 'json', ...args], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const file = await readFile(envFile(cwd), 'utf8').catch(() => '');
  return { code, stdout, stderr, variables: parseEnv(file) };
}

const envFile = (cwd: string): string => join(cwd, '.tenantry', 'dev.env');

async function folder(name: string): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  return path;
}

/** stdout must be one document and nothing else. */
function outcomeOf(run: Run): Outcome {
  expect(run.code, run.stderr).toBe(0);
  return JSON.parse(run.stdout) as Outcome;
}

function integrationsOf({ tenants }: Outcome) {
  return tenants.flatMap(({ tenant, integrations }) =>
    integrations.map((item) => ({ name: `${tenant}-${item.integration}`, ...item })),
  );
}

describe('tenantry dev --once', () => {
  let run: Run;
  let cwd: string;
  beforeAll(async () => {
    cwd = await folder('plain');
    run = await dev(cwd, '--stack', STACK);
  });

  it('connects and syncs every integration but the one that waits for a person', () => {
    const outcome = outcomeOf(run);
    expect(outcome.tenants.map(({ tenant }) => tenant)).toEqual(['acme', 'globex', 'initech']);
    const integrations = integrationsOf(outcome);
    expect(integrations).toHaveLength(8);
    const [waiting, ...others] = integrations.filter(({ status }) => status !== 'ready');
    expect(others).toEqual([]);
    expect(waiting).toMatchObject({ name: 'initech-notion', status: 'waiting', rows: 0 });
    const empty = integrations.filter(({ status, rows }) => status === 'ready' && rows === 0);
    expect(empty).toEqual([]);
  });

  it('leaves nothing to change', () => {
    const outcome = outcomeOf(run);
    expect(outcome.applied).toBeGreaterThan(0);
    expect(outcome.secondPlan).toEqual({ changes: 0 });
  });

  it('says of each part that it is for development only', () => {
    for (const part of ['Postgres', 'Vault', 'Identity provider', 'SaaS APIs', 'Airbyte']) {
      expect(run.stderr).toContain(`${part} for development only`);
    }
  });

  it('writes its variables for the user alone, and no secret among them anywhere else', async () => {
    expect((await stat(envFile(cwd))).mode & 0o777).toBe(0o600);
    const secrets = Object.entries(run.variables).filter(([name]) => /(TOKEN|SECRET|PASSWORD)$/.test(name));
    expect(secrets.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        ...['VAULT_TOKEN', 'PGPASSWORD', 'AIRBYTE_CLIENT_SECRET', 'NOTION_CLIENT_SECRET'],
        ...['INITECH_SLACK_CLIENT_SECRET', 'GLOBEX_JIRA_API_TOKEN'],
      ]),
    );
    const shown = run.stdout + run.stderr;
    for (const [name, value = ''] of secrets) {
      expect(value.length, name).toBeGreaterThan(15);
      expect(shown.includes(value), name).toBe(false);
    }
  });

  it('ends its Postgres with itself', async () => {
    const address = `http://${run.variables.PGHOST}:${run.variables.PGPORT}`;
    await expect(fetch(address)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});

const ENTRY = `
id: sample-data
name: Sample data
category: other
docs: https://docs.example.com/api
auth:
  kind: api_key
  label: API key
airbyte:
  sourceType: faker
  credentialOwner: static
  config:
    count:
      type: integer
      default: 50
      description: Number of people.
  configuration:
    count: "{{config.count}}"
  streams:
    - name: users
      syncMode: incremental_deduped_history
    - name: products
      syncMode: full_refresh_overwrite
`;

const DOCUMENT = `
apiVersion: tenantry.dev/v1alpha1
kind: TenantIntegration
metadata:
  name: globex-sample-data
spec:
  tenant: globex
  integration: sample-data
  config:
    count: 7
`;

it('takes a stack from any folder, with a private entry of the catalog', async () => {
  const cwd = await folder('elsewhere');
  const stack = join(cwd, 'customers');
  await cp(STACK, stack, { recursive: true });
  await mkdir(join(stack, 'integrations'));
  await writeFile(join(stack, 'integrations', 'sample-data.yaml'), ENTRY);
  await writeFile(join(stack, 'tenants', 'globex', 'sample-data.yaml'), DOCUMENT);
  const outcome = outcomeOf(await dev(cwd, '--stack', './customers'));
  expect(outcome.secondPlan).toEqual({ changes: 0 });
  const integrations = integrationsOf(outcome);
  expect(integrations).toHaveLength(9);
  // 7 people and the 100 products that the sample source always has.
  const added = integrations.find(({ name }) => name === 'globex-sample-data');
  expect(added).toMatchObject({ status: 'ready', rows: 107 });
});

it('finds everything again in its data folder', async () => {
  const cwd = await folder('kept');
  const first = outcomeOf(await dev(cwd, '--stack', STACK, '--data-dir', 'data'));
  const second = outcomeOf(await dev(cwd, '--stack', STACK, '--data-dir', 'data'));
  expect(second.tenants).toEqual(first.tenants);
  expect(second.secondPlan).toEqual({ changes: 0 });
  // None, unless another program took the port of Postgres meanwhile: then each tenant's destination moves.
  expect(second.applied).toBeLessThanOrEqual(second.tenants.length);
});

it('ends with a code of its own and shows where, when a document is wrong', async () => {
  const cwd = await folder('wrong');
  await cp(STACK, join(cwd, 'wrong'), { recursive: true });
  await writeFile(join(cwd, 'wrong', 'tenants', 'globex', 'more.yaml'), DOCUMENT);
  const { code, stdout } = await dev(cwd, '--stack', './wrong');
  expect(code).toBeGreaterThan(0);
  const { error } = JSON.parse(stdout) as { error: unknown };
  const place = { file: expect.stringMatching(/globex\/more\.yaml$/), line: 8 };
  expect(error).toMatchObject({ code: 'InvalidDocument', problems: [place] });
});
