/** The program as a process: signals, real exit codes, colours, pipes that end and disks that are full. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CliProcess, startCli } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  platformYaml,
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

function start(stack: TestStack, args: readonly string[], env: Record<string, string> = {}): CliProcess {
  return startCli([...args, '--stack', stack.dir], { cwd: stack.cwd, env: { ...stack.env, ...env } });
}

describe('Ctrl-C', () => {
  it('in the middle of an apply finishes what is under way, and the next run does the rest', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `int-${index}`);
    const stack = await environment.stack(
      'interrupted',
      Object.fromEntries(names.map((name) => [`tenants/${name}.yaml`, tenantYaml(name)])),
    );
    const middle = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    let writes = 0;
    environment.systems.vaultProxy.fault = async ({ method }): Promise<Fault> => {
      if (method !== 'POST' || ++writes < 40) return 'pass';
      middle.resolve();
      await asked.promise;
      return 'pass';
    };
    const process = start(stack, ['apply', '--yes']);
    await middle.promise;
    process.child.kill('SIGINT');
    await process.seen('stopping: what is under way is finished; press Ctrl-C again to stop at once');
    asked.resolve();
    const { code, signal, stdout } = await process.ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stdout).toMatch(
      /\nStopped: \d+ created, .*\d+ not begun.*Run the command again to go on where it ended\.\n$/,
    );
    environment.calm();
    const next = await start(stack, ['apply', '--yes']).ended;
    expect(next.code).toBe(0);
    expect((await start(stack, ['plan']).ended).stdout).toMatch(/^No changes: \d+ up to date\.\n$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('twice (%s) stops at once', async (signal) => {
    const stack = await environment.stack(`cut-${signal.toLowerCase()}`, {
      'tenants/x.yaml': tenantYaml(`cut-${signal.toLowerCase()}`),
    });
    const middle = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    environment.systems.vaultProxy.fault = async ({ method }): Promise<Fault> => {
      if (method !== 'POST') return 'pass';
      middle.resolve();
      await never.promise;
      return 'pass';
    };
    const process = start(stack, ['apply', '--yes']);
    await middle.promise;
    process.child.kill(signal);
    await process.seen('stopping');
    process.child.kill(signal);
    const ended = await process.ended;
    never.resolve();
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 1, signal: null });
    environment.calm();
    expect((await start(stack, ['apply', '--yes']).ended).code).toBe(0);
  });

  it('ends a plan, which has nothing to finish, and a command that waits for standard input', async () => {
    const stack = await environment.stack('stop-plan', {
      'tenants/x.yaml': tenantYaml('stop-plan') + integrationYaml('stop-plan', 'notion'),
    });
    await stack.run(['apply', '--yes']);
    const read = Promise.withResolvers<void>();
    environment.systems.vaultProxy.fault = ({ path }) => {
      if (path.endsWith('/_tenantry')) read.resolve();
      return 'pass';
    };
    const reading = start(stack, ['credentials', 'set', 'stop-plan', 'notion']);
    await read.promise;
    reading.child.kill('SIGINT');
    expect(await reading.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('Cancelled: ') });

    const asked = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    environment.systems.vaultProxy.fault = async (): Promise<Fault> => {
      asked.resolve();
      await never.promise;
      return 'pass';
    };
    const planning = start(stack, ['plan']);
    await asked.promise;
    planning.child.kill('SIGINT');
    const ended = await planning.ended;
    never.resolve();
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('Cancelled: ') });
  });
});

describe('colours', () => {
  const ESCAPE = '\u001b[';

  it('are off where stdout is no terminal or NO_COLOR is set, and on with FORCE_COLOR', async () => {
    const stack = await environment.stack('colours', { 'tenants/x.yaml': tenantYaml('colours') });
    const runs = await Promise.all(
      [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '1' }, { FORCE_COLOR: '1', TERM: 'dumb' }].map(
        (env) => start(stack, ['plan'], env).ended,
      ),
    );
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(runs.slice(0, 3).map(({ stdout }) => stdout.includes(ESCAPE))).toEqual([false, false, true]);
    const json = await start(stack, ['plan', '--output', 'json'], { FORCE_COLOR: '1' }).ended;
    expect(() => JSON.parse(json.stdout)).not.toThrow();
  });
});

describe('the output', () => {
  it('may be cut off by its reader', async () => {
    const { child, ended } = startCli(['schema']);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('to a full disk is a failure, and no success', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { ended } = startCli(['schema'], { stdio: full });
      const { code, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toContain('NotWritable: the output cannot be written: ENOSPC');
    } finally {
      closeSync(full);
    }
  });

  it('goes out whole before the process ends', async () => {
    const { stdout, code } = await startCli(['schema']).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('$schema');
  });
});

describe('dev', () => {
  it('starts everything, stays until Ctrl-C, and writes a file for a second terminal', async () => {
    const app = { clientId: '${ENV:NOTION_CLIENT_ID}', clientSecret: '${ENV:NOTION_CLIENT_SECRET}' };
    const stack = await environment.stack('dev-stays', {
      'platform.yaml': platformYaml('dev-stays', { apps: { notion: app } }),
      'tenants/x.yaml': tenantYaml('ds') + integrationYaml('ds', 'notion'),
    });
    const nothing = Object.fromEntries(Object.keys(stack.env).map((name) => [name, '']));
    const process = start(stack, ['dev', '--output', 'json'], nothing);
    await process.seen('Watching ');
    const file = await start(stack, ['plan', '--env-file', '.tenantry/dev.env'], nothing).ended;
    expect(file).toMatchObject({ code: 0, stdout: expect.stringContaining('No changes') });
    process.child.kill('SIGINT');
    const { code, stdout, stderr } = await process.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      tenants: [{ tenant: 'ds', integrations: [{ integration: 'notion', status: 'ready' }] }],
      secondPlan: { changes: 0 },
    });
    expect(stderr).toMatch(/npx tenantry plan --stack \S+ --env-file \.tenantry\/dev\.env/);
  });
});
