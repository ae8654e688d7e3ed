/** The operator as a process of its own: its life, its metrics, and what it uses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as timer } from 'node:timers/promises';
import { freePort } from '../../src/dev/free-port.ts';
import { NAMESPACE, type OperatorBenchWorld } from './world.ts';

export interface Usage {
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
}

export interface OperatorProcess {
  readonly pid: number;
  /** Milliseconds of performance.now() at its start. */
  readonly startedAt: number;
  readonly lines: readonly string[];
  /** It ended, and nobody had asked it to. */
  hasCrashed(): boolean;
  metrics(): Promise<Metrics>;
  usage(): Promise<Usage>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export class Metrics {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  /** Sum of all series of this name whose labels have these values. */
  sum(name: string, labels: Readonly<Record<string, string | RegExp>> = {}): number {
    let total = 0;
    for (const line of this.#lines) {
      const match = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)/.exec(line);
      if (match?.[1] !== name) continue;
      const found = Object.fromEntries(
        [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      );
      const fits = Object.entries(labels).every(([key, wanted]) =>
        typeof wanted === 'string' ? found[key] === wanted : wanted.test(found[key] ?? ''),
      );
      if (fits) total += Number(match[3]);
    }
    return total;
  }

  /** As Prometheus' histogram_quantile: evenly spread within a bucket. NaN where nothing was observed. */
  quantile(name: string, share: number): number {
    const buckets = new Map<number, number>();
    for (const line of this.#lines) {
      const match = new RegExp(`^${name}_bucket\\{.*le="([^"]+)".*\\} (\\S+)`).exec(line);
      if (!match) continue;
      const le = match[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[1]);
      buckets.set(le, (buckets.get(le) ?? 0) + Number(match[2]));
    }
    const sorted = [...buckets].sort(([a], [b]) => a - b);
    const wanted = (sorted.at(-1)?.[1] ?? 0) * share;
    let [lower, below] = [0, 0];
    for (const [upper, count] of sorted) {
      if (count >= wanted && count > below) {
        return upper === Number.POSITIVE_INFINITY
          ? lower
          : lower + ((upper - lower) * (wanted - below)) / (count - below);
      }
      [lower, below] = [upper, count];
    }
    return Number.NaN;
  }
}

/** Where an operator runs. */
export type OperatorPlace = Pick<OperatorBenchWorld, 'kube' | 'stackDir' | 'variables' | 'program'>;

export interface OperatorProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startOperatorProcess(
  { kube, stackDir, variables, program }: OperatorPlace,
  { args = [], env = {} }: OperatorProcessOptions = {},
): Promise<OperatorProcess> {
  const port = await freePort();
  const startedAt = performance.now();
  const child: ChildProcess = spawn(
    process.execPath,
    [
      program,
      'operator',
      ...['--stack', stackDir, '--cluster', 'bench', '--kubeconfig', kube.api.kubeconfigFile],
      ...['--lease-namespace', NAMESPACE, '--health-host', '127.0.0.1', '--health-port', String(port)],
      ...args,
    ],
    {
      // Flags for the operator alone, e.g. --cpu-prof.
      env: {
        ...process.env,
        ...variables,
        LOG_LEVEL: 'info',
        NODE_OPTIONS: process.env['OPERATOR_NODE_OPTIONS'],
        // As in the image.
        MALLOC_ARENA_MAX: '2',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  let crashed = false;
  let killed = false;
  // Whatever ends the benchmark ends what it has started.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => {
    crashed = !killed;
    process.removeListener('exit', end);
  });
  const lines: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const pid = child.pid ?? 0;
  return {
    pid,
    startedAt,
    lines,
    hasCrashed: () => crashed,
    async metrics() {
      for (;;) {
        try {
          const response = await fetch(`http://127.0.0.1:${port}/metrics`);
          return new Metrics(await response.text());
        } catch (error) {
          if (child.exitCode !== null || child.signalCode !== null) throw error;
          await timer(20);
        }
      }
    },
    usage: () => usageOf(pid),
    async kill(signal) {
      killed = true;
      child.kill(signal);
      await exited;
    },
  };
}

const TICKS_PER_SECOND = 100;

async function usageOf(pid: number): Promise<Usage> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssBytes: kilobytes('VmRSS') * 1024,
    peakRssBytes: kilobytes('VmHWM') * 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}
