import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';

const PLUGIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'pulumi-resource-tenantry');
const ENGINE = '127.0.0.1:9';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(args: readonly string[]): ChildProcess {
  const path = `${join(process.execPath, '..')}:${process.env['PATH']}`;
  const child = spawn(PLUGIN, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: path } });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no standard output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

describe('the plugin', () => {
  it('prints the port that it answers on, and takes the flags of the engine', async () => {
    const child = start(['--logtostderr', '-v=3', ENGINE]);
    expect(await firstLine(child)).toMatch(/^\d+$/);
  });

  it('ends when the engine closes its input, as the system does when the engine is killed', async () => {
    const child = start([ENGINE]);
    await firstLine(child);
    const ended = once(child, 'exit');
    child.stdin?.end();
    expect(await ended).toEqual([0, null]);
  });

  it('stays without an engine when its input is closed, for a debugger to attach to', async () => {
    const child = start([]);
    child.stdin?.end();
    await firstLine(child);
    expect(child.exitCode).toBeNull();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('needs less than 150 MB', async () => {
    const child = start([ENGINE]);
    await firstLine(child);
    const rss = await vi.waitFor(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
    });
    expect(rss / 1024).toBeLessThan(150);
  });
});
