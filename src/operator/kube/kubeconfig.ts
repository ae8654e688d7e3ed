/** Finds the kubeconfig and has it read by a program of its own, whose memory is given back when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, extname, join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { TenantryError } from '../../errors.ts';
import type { KubeCredentials } from './credentials.ts';
import type { KubeconfigAnswer, KubeconfigOrder } from './kubeconfig-program.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A login may wait for a person, but not for ever. */
const LOGIN_LIMIT_MS = 60_000;

const HINT = 'check --kubeconfig, --context and KUBECONFIG';

/**
 * Files of the kubeconfig, by kubectl's order: the option, KUBECONFIG (several are merged), ~/.kube/config. Undefined
 * where there is none, e.g. in a pod.
 * @throws InvalidUsage when a file that is named is not there
 */
export async function findKubeconfig(
  option: string | undefined,
  env: Environment,
): Promise<readonly string[] | undefined> {
  if (option !== undefined) {
    if (await exists(option)) return [option];
    throw new TenantryError('InvalidUsage', `the kubeconfig ${option} is not there`, { hint: HINT });
  }
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) {
    const there = await Promise.all(named.map(exists));
    const files = named.filter((_, index) => there[index]);
    if (files.length > 0) return files;
    throw new TenantryError('InvalidUsage', `KUBECONFIG names no file that is there: ${named.join(', ')}`, {
      hint: HINT,
    });
  }
  const own = env['HOME'] ? join(env['HOME'], '.kube', 'config') : undefined;
  return own !== undefined && (await exists(own)) ? [own] : undefined;
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

export interface KubeconfigRequest extends KubeconfigOrder {
  /** For the programs that log in. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the files and logs in, by whatever way they name (token, certificate, program, OpenID Connect).
 * @throws InvalidUsage (the files), KubernetesUnauthorized (the login), Cancelled
 */
export async function readKubeconfig({ env, signal, ...order }: KubeconfigRequest): Promise<KubeCredentials> {
  const { code, output, errors } = await runProgram(order, env, signal);
  if (signal?.aborted) throw new TenantryError('Cancelled', 'stopped before the end of the login');
  const answer = parsed(output);
  if (answer === undefined) {
    const why = code === 'late' ? `no end after ${LOGIN_LIMIT_MS / 1000} s` : lastLine(errors);
    throw new TenantryError('KubernetesUnauthorized', `the login of the kubeconfig failed: ${why}`);
  }
  if ('credentials' in answer) return answer.credentials;
  const { message } = answer;
  if (answer.failed === 'config') throw new TenantryError('InvalidUsage', message, { hint: HINT });
  throw new TenantryError('KubernetesUnauthorized', `the login of the kubeconfig failed: ${message}`);
}

interface Ended {
  readonly code: number | null | 'late';
  readonly output: string;
  readonly errors: string;
}

async function runProgram(
  order: KubeconfigOrder,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  // The program lies next to this file, as TypeScript or, in the package, as JavaScript.
  const program = join(import.meta.dirname, `kubeconfig-program${extname(import.meta.filename)}`);
  const child = spawn(process.execPath, [program], {
    env: { ...env },
    stdio: 'pipe',
    // A group of its own, so that the programs that it starts to log in end with it.
    detached: true,
  });
  const texts = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.errors = (texts.errors + text).slice(-2_000);
  });
  // It may be gone before it has read the order.
  child.stdin.on('error', () => undefined);
  // The pipe stays open: when we are killed it closes, and the program ends.
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      texts.errors = error.message;
      resolve(null);
    });
    child.once('close', resolve);
  });
  const kill = (): void => {
    if (child.exitCode === null && child.signalCode === null) killGroup(child);
  };
  const done = new AbortController();
  signal?.addEventListener('abort', kill, { once: true });
  try {
    if (signal?.aborted) kill();
    const late = timer(LOGIN_LIMIT_MS, 'late' as const, { signal: done.signal }).catch(() => 'late' as const);
    return { code: await Promise.race([ended, late]), ...texts };
  } finally {
    done.abort();
    kill();
    signal?.removeEventListener('abort', kill);
  }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Where there are no groups, or it has just ended.
    child.kill('SIGKILL');
  }
}

function parsed(output: string): KubeconfigAnswer | undefined {
  try {
    return JSON.parse(output) as KubeconfigAnswer;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'it ended without a word';
}
