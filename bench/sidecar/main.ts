/** `npm run bench -- sidecar`: measures the proxy, an hour of refreshes, and refreshes that are killed; one JSON document. */
import { parseArgs } from 'node:util';
import { number } from '../arguments.ts';
import { machine } from '../measures.ts';
import { benchProxy } from './proxy.ts';
import { benchRefreshHour } from './refresh-hour.ts';
import { benchRefreshKill } from './refresh-kill.ts';

const NOTES = [
  'proxy: service, bare proxy (fastify and undici, without custody) and sidecar each in a process of their own, load by autocannon, rounds in turn; medians.',
  'hour: every credential falls due within one simulated hour; 3 replicas with the real queue on embedded Postgres and the development Vault; the provider is away for 10 minutes of it.',
  'kill: a process is ended by SIGKILL before or after each step of a refresh, at a provider that rotates and detects reuse; then the token is really used.',
];

const PARTS = ['proxy', 'hour', 'kill'] as const;
type Part = (typeof PARTS)[number];

/** @throws RangeError or TypeError for wrong arguments, with words for a person */
export async function benchSidecar(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      credentials: { type: 'string', default: '100000' },
      speed: { type: 'string', default: '6' },
      runs: { type: 'string', default: '1000' },
    },
  });
  const only = PARTS.find((part) => part === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new RangeError(`--only must be one of ${PARTS.join(', ')}`);
  }
  const rounds = number('--rounds', values.rounds, 10);
  const credentials = number('--credentials', values.credentials, 100_000);
  const speed = number('--speed', values.speed, 60);
  const runs = number('--runs', values.runs, 10_000);
  const has = (part: Part): boolean => only === undefined || only === part;
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    date: new Date().toISOString(),
    ...machine(),
    notes: NOTES,
    ...(has('proxy') ? { proxy: await benchProxy({ rounds, progress }) } : {}),
    ...(has('hour') ? { hour: await benchRefreshHour({ credentials, speed, replicas: 3 }, progress) } : {}),
    ...(has('kill') ? { kill: await benchRefreshKill(runs, progress) } : {}),
  };
}
