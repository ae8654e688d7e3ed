/** sync, syncs and usage through the API of a sidecar: what is said, written and returned. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRunProgress } from '../../src/cli/syncs/progress.ts';
import { TenantryError } from '../../src/errors.ts';
import { type SyncsWorld, startSyncsWorld } from '../sidecar/syncs/routes-world.ts';
import { FAILED, RUN } from '../sidecar/syncs/scripted-syncs.ts';
import { type CliOptions, type CliResult, cli, cliJson, type ErrorDocument } from '../support/cli.ts';

let world: SyncsWorld;
let env: NodeJS.ProcessEnv;
let cwd: string;

beforeAll(async () => {
  world = await startSyncsWorld();
  env = { TENANTRY_URL: world.url, TENANTRY_API_KEY: await world.key(null, 'admin') };
  // No documents here: none are needed.
  cwd = await mkdtemp(join(tmpdir(), 'tenantry-sync-'));
});
afterAll(() => world?.close());
beforeEach(() => {
  world.syncs.stored = [];
  world.syncs.stateList = [];
  world.syncs.refusal = undefined;
});

const run = (args: string[], options: CliOptions = {}): Promise<CliResult> =>
  cli(args, { cwd, env, ...options });
const json = <T>(args: string[], options: CliOptions = {}) => cliJson<T>(args, { cwd, env, ...options });

describe('sync', () => {
  it('starts a sync, and says which one is under way already', async () => {
    expect(await run(['sync', 'acme', 'notion'])).toEqual({
      code: 0,
      stdout: `acme/notion: the sync begins as soon as it can (${RUN.id}).\n`,
      stderr: '',
    });
    world.syncs.change(RUN.id, { status: 'running' });
    expect((await run(['sync', 'acme', 'notion'])).stdout).toBe(
      `acme/notion: a sync is under way (${RUN.id}).\n`,
    );
    expect((await json(['sync', 'acme', 'notion'])).json).toMatchObject({ ok: true, run: { id: RUN.id } });
  });

  it('shows the progress in plain lines where nobody sits at a terminal, and ends with the run', async () => {
    const steps = [
      { status: 'running', startedAt: '2026-03-01T10:00:00.000Z', rows: 12, bytes: 3_400 },
      { status: 'succeeded', endedAt: '2026-03-01T10:01:05.000Z', rows: 1204, bytes: 3_400_000 },
    ] as const;
    const left = [...steps];
    const told = await run(['sync', 'acme', 'notion', '--wait'], {
      onErr: () => {
        const step = left.shift();
        if (step) world.syncs.change(RUN.id, step);
      },
    });
    expect(told).toMatchObject({
      code: 0,
      stdout: 'acme/notion: succeeded, 1204 rows, 3.4 MB, in 1 min 5 s.\n',
    });
    expect(told.stderr).toMatch(/^ {2}waiting\n {2}running, 12 rows, 3\.4 kB, .+\n$/);
  });

  it('ends with 1, why it failed and what comes next', async () => {
    world.syncs.stored = [{ ...RUN, status: 'running' }];
    const { error, retryAt } = FAILED;
    const told = await run(['sync', 'acme', 'notion', '--wait'], {
      onErr: () => world.syncs.change(RUN.id, { status: 'failed', error, retryAt }),
    });
    expect(told).toMatchObject({
      code: 1,
      stdout:
        'acme/notion: failed.\n  Notion asks to wait → nothing: it is tried again (tried again at 2026-03-01T09:10:00Z)\n',
    });
  });

  it('writes one JSON document in the end', async () => {
    world.syncs.stored = [{ ...RUN, status: 'running' }];
    const told = await json<object>(['sync', 'acme', 'notion', '--wait'], {
      onErr: () => world.syncs.change(RUN.id, { status: 'failed', error: FAILED.error }),
    });
    expect(told).toMatchObject({ code: 1, json: { ok: false, run: { status: 'failed', rows: null } } });
  });

  it('is refused with the reason of the sidecar', async () => {
    world.syncs.refusal = new TenantryError('QuotaExceeded', 'acme has had its 3 syncs of today', {
      hint: 'it goes on at 00:00 UTC',
    });
    const { code, json: told } = await json<ErrorDocument>(['sync', 'acme', 'notion']);
    expect(code).toBe(1);
    expect(told.error).toMatchObject({
      code: 'QuotaExceeded',
      message: 'acme has had its 3 syncs of today',
      hint: 'it goes on at 00:00 UTC',
    });
  });

  it('goes on when the watching is stopped, and says so', async () => {
    const stop = new AbortController();
    const told = await run(['sync', 'acme', 'notion', '--wait'], {
      stop: stop.signal,
      onErr: () => stop.abort(),
    });
    expect(told.code).toBe(1);
    expect(told.stderr).toContain('Cancelled: stopped watching; the sync of acme/notion goes on\n');
    expect(told.stderr).toContain('`tenantry sync acme notion --cancel` ends it');
    expect(world.syncs.stored[0]?.status).toBe('waiting');
  });

  it('goes on when it cannot be watched any longer, and says that too', async () => {
    const own = await startSyncsWorld();
    const credential = await own.key(null, 'admin');
    own.syncs.stored = [{ ...RUN, status: 'running' }];
    const told = await run(['sync', 'acme', 'notion', '--wait'], {
      env: { TENANTRY_URL: own.url, TENANTRY_API_KEY: credential },
      // The run is forgotten under its reader: no try again helps.
      onErr: () => {
        own.syncs.stored = [];
        own.app.server.closeAllConnections();
      },
    });
    await own.close();
    expect(told.code).toBe(1);
    expect(told.stderr).toContain('NotFound: there is no such run; the sync of acme/notion goes on\n');
  });

  it('cancels the one that is under way; where there is none that is no failure', async () => {
    world.syncs.stored = [FAILED, { ...RUN, status: 'running' }];
    expect(await run(['sync', 'acme', 'notion', '--cancel'])).toMatchObject({
      code: 0,
      stdout: 'acme/notion: cancelled.\n',
    });
    expect((await run(['sync', 'acme', 'notion', '--cancel'])).stdout).toBe(
      'No sync of acme/notion is under way.\n',
    );
    expect((await json(['sync', 'acme', 'notion', '--cancel'])).json).toEqual({ ok: true, run: null });
  });

  it('says where it asked when nobody answers there', async () => {
    const { code, stderr } = await run(['sync', 'acme', 'notion'], {
      env: { ...env, TENANTRY_URL: 'http://127.0.0.1:9' },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('http://127.0.0.1:9: the sidecar cannot be reached');
    expect(stderr).toContain('check TENANTRY_URL');
  });

  it('never shows the key', async () => {
    const secret = 'tny_abcdefghijkl_notarealkeynotarealkeynotarealkeynotarealke000000';
    const answers = await Promise.all([
      run(['sync', 'acme', 'notion'], { env: { ...env, TENANTRY_API_KEY: secret } }),
      run(['sync', 'acme', 'notion'], {
        env: { TENANTRY_URL: 'http://127.0.0.1:9', TENANTRY_API_KEY: secret },
      }),
    ]);
    for (const { code, stdout, stderr } of answers) {
      expect(code).toBe(1);
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe('the progress on a terminal', () => {
  it('is one line that is drawn over itself, and never wraps', () => {
    const written: string[] = [];
    const io = { err: (text: string) => void written.push(text), progress: true, columns: 20 };
    let now = Date.parse('2026-03-01T10:00:10Z');
    const progress = createRunProgress(io, () => now);
    const nothing = { endedAt: null, error: null, retryAt: null, dueAt: null };
    progress.show({
      ...RUN,
      ...nothing,
      status: 'running',
      startedAt: '2026-03-01T10:00:00Z',
      rows: 5,
      bytes: null,
    });
    now += 1_000;
    progress.show(undefined);
    progress.end();
    const clear = '\r\u001b[2K';
    expect(written).toEqual([`${clear}  running, 5 rows, `, `${clear}  running, 5 rows, `, clear]);
  });
});

describe('a run that nobody begins', () => {
  it('is spoken of once, after a while', () => {
    const lines: string[] = [];
    let now = 0;
    const io = { err: (text: string) => void lines.push(text), progress: false, columns: 80 };
    const progress = createRunProgress(io, () => now);
    const waiting = {
      ...RUN,
      startedAt: null,
      endedAt: null,
      rows: null,
      bytes: null,
      error: null,
      retryAt: null,
    };
    progress.show({ ...waiting, dueAt: null });
    for (now of [5_000, 16_000, 40_000]) progress.show(undefined);
    expect(lines).toEqual(['  waiting\n', '  it still waits: a sidecar of the stack must run to begin it\n']);
  });
});

describe('syncs', () => {
  it('shows the history newest first, with the next page', async () => {
    world.syncs.stored = [FAILED, { ...RUN, status: 'succeeded', rows: 7 }];
    const { stdout, code } = await run(['syncs', 'acme', 'notion', '--limit', '1']);
    expect(code).toBe(0);
    expect(stdout).toContain('2026-03-01T09:00:00Z  failed  3 rows, 120 B  20 s  schedule');
    expect(stdout).toContain(`1 sync. Older ones: --before ${FAILED.id}`);
    const older = await json<{ runs: { id: string }[] }>(['syncs', 'acme', 'notion', '--before', FAILED.id]);
    expect(older.json.runs.map(({ id }) => id)).toEqual([RUN.id]);
  });

  it('shows the last and the next sync of each integration of a tenant', async () => {
    world.syncs.stateList = [
      {
        tenant: 'acme',
        integration: 'notion',
        schedule: '0 * * * *',
        nextAt: '2126-03-01T11:00:00.000Z',
        last: FAILED,
        consecutiveFailures: 2,
        held: undefined,
      },
    ];
    const { stdout } = await run(['syncs', 'acme']);
    expect(stdout).toContain('0 * * * *  failed, 3 rows, 120 B  2026-03-01T09:00:20Z  2126-03-01T11:00:00Z');
    expect(stdout).toContain('Notion asks to wait');
  });

  it('shows what fails now over all tenants', async () => {
    expect((await run(['syncs'])).stdout).toBe('0 syncs failing, 0 held up.\n');
  });

  it('shows what happened in a run', async () => {
    world.syncs.stored = [RUN, FAILED];
    expect((await run(['syncs', 'acme', 'notion', '--log'])).stdout).toBe('2026-03-01T10:00:00Z  Due.\n');
    const { json: told } = await json(['syncs', 'acme', 'notion', '--log', FAILED.id]);
    expect(told).toMatchObject({ id: FAILED.id, lines: [{ text: 'Due.' }] });
  });

  it('refuses what makes no sense', async () => {
    for (const args of [['--log'], ['acme', '--before', 'x'], ['acme', 'notion', '--limit', '0']])
      expect((await run(['syncs', ...args])).code, args.join(' ')).toBe(1);
  });
});

describe('usage', () => {
  beforeAll(async () => {
    await world.systems.admin.script(`
      insert into tenantry.usage_days (tenant, integration, day, calls, errors, syncs, rows, sync_bytes)
      values ('acme', 'notion', '2026-03-01', 5, 1, 2, 100, 1500000), ('globex', 'notion', '2026-02-20', 1, 0, 1, 9, 10)`);
  });

  it('is a table with sums, and of one tenant the quotas', async () => {
    const { stdout } = await run(['usage', 'acme']);
    expect(stdout).toContain('2026-03-01  acme    notion       2      100   1.5 MB  5      1');
    expect(stdout).toContain('2 syncs, 100 rows, 5 calls.\n');
    expect(stdout).toContain('syncsPerDay: 2 of 3 used, until 2026-03-02T00:00:00Z\n');
  });

  it('of all tenants is CSV for other programs, and JSON', async () => {
    const { stdout } = await run(['usage', '--from', '2026-02-01', '--output', 'csv']);
    expect(stdout.split('\r\n')).toEqual([
      'day,tenant,integration,calls,errors,bytes_in,bytes_out,syncs,rows,sync_bytes',
      '2026-03-01,acme,notion,5,1,0,0,2,100,1500000',
      '2026-02-20,globex,notion,1,0,0,0,1,9,10',
      '',
    ]);
    const { json: told } = await json<{ tenants: { tenant: string }[] }>(['usage', '--to', '2026-02-28']);
    expect(told.tenants.map(({ tenant }) => tenant)).toEqual(['globex']);
  });

  it('refuses what is no day', async () => {
    const { code, stderr } = await run(['usage', '--from', 'yesterday']);
    expect(code).toBe(1);
    expect(stderr).toContain('YYYY-MM-DD');
  });
});
