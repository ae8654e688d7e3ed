/** An engine as a child process that ends with the test, with its log at hand when it does not start. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface EngineOrder {
  readonly command: readonly [string, ...string[]];
  /** Beyond PATH and HOME, which is the folder: the caller's own settings must not reach the engine. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder; made if it is not there. */
  readonly folder: string;
  /** True as soon as the engine can be used. Asked again and again; it may reject. */
  readonly isReady: () => Promise<boolean>;
}

export interface EngineProcess {
  readonly pid: number;
  readonly log: () => Promise<string>;
  /** Ends the engine. The folder goes with it, unless it is to be kept for another start. */
  stop(options?: { readonly keepFolder: boolean }): Promise<void>;
}

const START_LIMIT_MS = 60_000;
const LOG_TAIL = 2_000;
const PORT_TRIES = 3;

/** Starts the engine and waits until it is ready. Rejects with the end of its log when it does not become so. */
export async function startEngine(order: EngineOrder): Promise<EngineProcess> {
  const { command, env = {}, folder } = order;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, 'engine.log');
  const engineEnv = { PATH: process.env['PATH'] ?? '', HOME: folder, ...env };
  const argument = JSON.stringify({ command, env: engineEnv, folder, logFile });
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => keeper.once('close', () => resolve()));
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const stop: EngineProcess['stop'] = async (options) => {
    if (keeper.exitCode === null) keeper.stdin.end(options?.keepFolder ? 'keep\n' : '');
    await ended;
    if (!options?.keepFolder) await rm(folder, { recursive: true, force: true });
  };
  const pid = await firstLine(keeper);
  try {
    await untilReady(order.isReady, keeper);
  } catch (error) {
    const tail = (await log()).slice(-LOG_TAIL);
    await stop();
    throw new Error(`${command[0]} did not start: ${(error as Error).message}\n${tail}`);
  }
  return { pid: Number(pid), log, stop };
}

/** Starts again, with other ports, when another process took a free port first. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let left = PORT_TRIES - 1; ; left -= 1) {
    try {
      return await start();
    } catch (error) {
      if (left === 0 || !(error as Error).message.includes('address already in use')) throw error;
    }
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(''));
    child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
  });
}

async function untilReady(isReady: () => Promise<boolean>, keeper: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await isReady().catch(() => false))) {
    if (keeper.exitCode !== null) throw new Error('it ended');
    if (performance.now() > deadline) throw new Error(`not ready after ${START_LIMIT_MS / 1000} s`);
    await delay(20);
  }
}
