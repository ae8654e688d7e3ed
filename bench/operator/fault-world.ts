/** A world whose every system can be killed and started again without losing what it has stored. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { startDevAirbyte } from '../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';
import { startVault } from '../../test/support/engines/vault.ts';
import { startKubeWorld } from '../../test/support/kube-world.ts';
import { startTcpFaults, type TcpFaults } from '../../test/support/tcp-faults.ts';
import type { BenchEnvironment } from '../environment.ts';
import { appVariables, platformDocument } from '../generate.ts';
import { NAMESPACE, type OperatorBenchWorld } from './world.ts';

/** One way in which a system goes wrong: it is wrong for that long, and well again when the promise resolves. */
export interface Fault {
  readonly name: string;
  readonly system: 'kubernetes' | 'vault' | 'postgres' | 'airbyte';
  happen(ms: number): Promise<void>;
}

export interface FaultWorld extends Omit<OperatorBenchWorld, 'vault'> {
  readonly faults: readonly Fault[];
}

export async function startFaultWorld(program: string): Promise<FaultWorld> {
  const stackDir = await mkdtemp(join(tmpdir(), 'tenantry-bench-operator-'));
  const dataDir = await mkdtemp(join(tmpdir(), 'tenantry-bench-postgres-'));
  const [kube, vault, airbyte] = await Promise.all([
    startKubeWorld(),
    startVault({ storage: 'file' }),
    startDevAirbyte(),
  ]);
  let postgres: DevPostgres = await startDevPostgres({ dataDir });
  await writeFile(join(stackDir, 'platform.yaml'), platformDocument());
  await kube.namespace(NAMESPACE);
  const { host, port } = postgres;
  const [toVault, toPostgres, toAirbyte] = await Promise.all([
    faultsTo(vault.address),
    startTcpFaults({ host, port }),
    faultsTo(airbyte.url),
  ]);
  const direct = {
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: postgres.database,
    PGUSER: postgres.user,
    PGPASSWORD: postgres.password,
    PGSSLMODE: 'disable',
    AIRBYTE_URL: airbyte.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
    ...appVariables(),
  };
  const variables = {
    ...direct,
    VAULT_ADDR: throughPort(vault.address, toVault.port),
    PGPORT: String(toPostgres.port),
    AIRBYTE_URL: throughPort(airbyte.url, toAirbyte.port),
  };
  const crashPostgres = async (ms: number): Promise<void> => {
    const pid = Number(
      (await readFile(join(await clusterOf(dataDir), 'postmaster.pid'), 'utf8')).split('\n')[0],
    );
    // Immediate shutdown: as a crash, with recovery from the log at the next start.
    process.kill(pid, 'SIGQUIT');
    await postgres.close();
    await timer(ms);
    postgres = await startDevPostgres({ dataDir, port });
  };
  const faults: Fault[] = [
    {
      name: 'API server killed',
      system: 'kubernetes',
      async happen(ms) {
        await kube.api.stopServer('SIGKILL');
        await timer(ms);
        await kube.api.startServer();
      },
    },
    {
      name: 'API server stands still',
      system: 'kubernetes',
      async happen(ms) {
        await kube.api.pauseServer();
        await timer(ms);
        kube.api.resumeServer();
      },
    },
    {
      name: 'etcd stands still',
      system: 'kubernetes',
      async happen(ms) {
        await kube.api.pauseEtcd();
        await timer(ms);
        kube.api.resumeEtcd();
      },
    },
    { name: 'Vault restarted', system: 'vault', happen: () => vault.restart() },
    {
      name: 'Vault sealed',
      system: 'vault',
      async happen(ms) {
        await vault.seal();
        await timer(ms);
        await vault.unseal();
      },
    },
    { name: 'Postgres crashed', system: 'postgres', happen: crashPostgres },
    ...networkFaults('vault', toVault),
    ...networkFaults('postgres', toPostgres),
    ...networkFaults('airbyte', toAirbyte),
  ];
  const environment: BenchEnvironment = { variables: direct, close: async () => undefined };
  return {
    kube,
    client: kube.client,
    environment,
    stackDir,
    program,
    variables,
    faults,
    async close() {
      await Promise.all([toVault.close(), toPostgres.close(), toAirbyte.close()]);
      await Promise.all([kube.close(), vault.close(), airbyte.close(), postgres.close()]);
      for (const dir of [stackDir, dataDir]) await rm(dir, { recursive: true, force: true });
    },
  };
}

function faultsTo(address: string): Promise<TcpFaults> {
  const { hostname, port } = new URL(address);
  return startTcpFaults({ host: hostname, port: Number(port) });
}

function throughPort(address: string, port: number): string {
  const url = new URL(address);
  url.port = String(port);
  return url.href.replace(/\/$/, '');
}

function networkFaults(system: Fault['system'], network: TcpFaults): Fault[] {
  return (['refuse', 'hang', 'cut'] as const).map((fault) => ({
    name: `${system}: connections ${fault}`,
    system,
    async happen(ms) {
      await network.set(fault);
      await timer(ms);
      await network.set('pass');
    },
  }));
}

/** The folder in which Postgres runs lies somewhere in what keeps it. */
async function clusterOf(dataDir: string): Promise<string> {
  const files = await readdir(dataDir, { recursive: true });
  const found = files.find((name) => name.endsWith('postmaster.pid'));
  if (found === undefined) throw new Error(`there is no running Postgres in ${dataDir}`);
  return join(dataDir, found, '..');
}
