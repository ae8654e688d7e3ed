/** The sidecar's proxy against a bare proxy on the same HTTP libraries, and the read of a cached token. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnvironment } from '../bench.ts';
import { startBenchEnvironment } from '../environment.ts';
import { machine, median, rounded } from '../measures.ts';
import { type Measured, send } from './load.ts';
import type { Started } from './proxy-process.ts';

export interface ProxyBenchOptions {
  /** Times that everything is measured, in turn. Default 3. */
  readonly rounds?: number;
  /** Length of one measurement. Default 4. */
  readonly seconds?: number;
  readonly progress: (text: string) => void;
}

/** Medians over the rounds. */
export interface ProxyReport {
  readonly rounds: number;
  readonly at500PerSecond: {
    /** The service without a proxy. */
    readonly direct: Measured;
    readonly bare: Measured;
    readonly sidecar: Measured;
    /** What the sidecar adds to the direct call. */
    readonly overheadP99Ms: number;
    /** GET of a cached token. */
    readonly tokenRead: Measured;
  };
  readonly throughput: {
    readonly bare: Measured;
    readonly sidecar: Measured;
    /** Requests a second of the sidecar by those of the bare proxy. */
    readonly ratio: number;
  };
}

const RATE = 500;
/** autocannon lets all connections send at once: few of them are nearer to steady arrivals. */
const RATE_CONNECTIONS = 10;
/** Enough to keep both busy: each answer of the sidecar waits for a commit of the access log. */
const FULL_CONNECTIONS = 200;
const WARM_SECONDS = 2;
const PATH = '/v1/pages';

const DOCUMENTS = `apiVersion: tenantry.dev/v1alpha1
kind: Platform
metadata: { name: bench }
spec:
  sidecar:
    url: http://127.0.0.1:7250
    limits: { requestsPerMinute: 1000000000 }
---
apiVersion: tenantry.dev/v1alpha1
kind: Tenant
metadata: { name: acme }
spec: {}
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantIntegration
metadata: { name: acme-notion }
spec: { tenant: acme, integration: notion }
`;

type Kind = 'direct' | 'bare' | 'sidecar' | 'tokenRead' | 'bareFull' | 'sidecarFull';

export async function benchProxy({
  rounds = 3,
  seconds = 4,
  progress,
}: ProxyBenchOptions): Promise<ProxyReport> {
  const sides = await startSides();
  try {
    const { targets } = sides;
    const full = { seconds, connections: FULL_CONNECTIONS };
    const paced = { seconds, connections: RATE_CONNECTIONS, rate: RATE };
    const measurements: Readonly<Record<Kind, () => Promise<Measured>>> = {
      direct: () => send({ ...targets.direct, ...paced }),
      bare: () => send({ ...targets.bare, ...paced }),
      sidecar: () => send({ ...targets.sidecar, ...paced }),
      tokenRead: () => send({ ...targets.token, ...paced }),
      bareFull: () => send({ ...targets.bare, ...full }),
      sidecarFull: () => send({ ...targets.sidecar, ...full }),
    };
    progress('proxy: warming up');
    for (const target of Object.values(targets)) await send({ ...target, ...full, seconds: WARM_SECONDS });
    const results = new Map<Kind, Measured[]>();
    for (let round = 1; round <= rounds; round++) {
      progress(`proxy: round ${round} of ${rounds}`);
      for (const [kind, measure] of Object.entries(measurements) as [Kind, () => Promise<Measured>][]) {
        results.set(kind, [...(results.get(kind) ?? []), await measure()]);
      }
    }
    return report(rounds, (kind) => middle(results.get(kind) ?? []));
  } finally {
    await sides.close();
  }
}

function report(rounds: number, of: (kind: Kind) => Measured): ProxyReport {
  const [direct, sidecar] = [of('direct'), of('sidecar')];
  const [bareFull, sidecarFull] = [of('bareFull'), of('sidecarFull')];
  return {
    rounds,
    at500PerSecond: {
      direct,
      bare: of('bare'),
      sidecar,
      overheadP99Ms: rounded(sidecar.p99Ms - direct.p99Ms, 2),
      tokenRead: of('tokenRead'),
    },
    throughput: {
      bare: bareFull,
      sidecar: sidecarFull,
      ratio: rounded(sidecarFull.perSecond / bareFull.perSecond, 2),
    },
  };
}

function middle(all: readonly Measured[]): Measured {
  const of = (field: keyof Measured): number => rounded(median(all.map((each) => each[field])), 2);
  return {
    requests: of('requests'),
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    mostMs: of('mostMs'),
  };
}

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Sides {
  readonly targets: Readonly<Record<'direct' | 'bare' | 'sidecar' | 'token', Target>>;
  close(): Promise<void>;
}

async function startSides(): Promise<Sides> {
  const children: ChildProcess[] = [];
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const systems = await startBenchEnvironment();
  const close = async (): Promise<void> => {
    for (const child of children) child.kill();
    await systems.close();
    await rm(dir, { recursive: true, force: true });
  };
  const start = async (role: string, argument: string, env: NodeJS.ProcessEnv): Promise<Started> => {
    const child = fork(join(import.meta.dirname, 'proxy-process.ts'), [role, argument], {
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the ${role} ended before it was ready; its messages are above`);
    });
    ended.catch(() => undefined);
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message as Started;
  };
  try {
    await writeFile(join(dir, 'platform.yaml'), DOCUMENTS);
    const env = cleanEnvironment();
    const service = await start('service', '', env);
    const bare = await start('bare', service.url, env);
    const sidecar = await start('sidecar', dir, {
      ...env,
      ...systems.variables,
      TENANTRY_PROVIDER_ORIGINS: JSON.stringify({ 'https://api.notion.com': service.url }),
    });
    const own = { authorization: `Bearer ${sidecar.key}` };
    return {
      targets: {
        direct: {
          url: service.url + PATH,
          headers: { authorization: 'Bearer bench-access-token-of-the-tenant' },
        },
        bare: { url: `${bare.url}/proxy/notion${PATH}`, headers: {} },
        sidecar: { url: `${sidecar.url}/proxy/notion${PATH}`, headers: own },
        token: { url: `${sidecar.url}/tenants/acme/integrations/notion/token`, headers: own },
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

if (import.meta.main) {
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const proxy = await benchProxy({ progress });
  process.stdout.write(`${JSON.stringify({ ...machine(), proxy }, null, 2)}\n`);
}
