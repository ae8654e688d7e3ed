/** Everything that the operator is measured against: a real API server and Vault, Postgres and the Airbyte emulator. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectedKube } from '../../src/operator/kube/connect.ts';
import { type RealVault, startVault } from '../../test/support/engines/vault.ts';
import { type KubeWorld, startKubeWorld } from '../../test/support/kube-world.ts';
import { type BenchEnvironment, startBenchEnvironment } from '../environment.ts';
import { appVariables, platformDocument } from '../generate.ts';

export const NAMESPACE = 'tenants';

export interface OperatorBenchWorld {
  readonly kube: KubeWorld;
  readonly client: ConnectedKube;
  readonly vault: RealVault;
  readonly environment: BenchEnvironment;
  /** Folder with the Platform document. */
  readonly stackDir: string;
  /** Path of the program that is measured. */
  readonly program: string;
  /** For the operator's process. */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startOperatorBenchWorld(program: string): Promise<OperatorBenchWorld> {
  const [kube, vault, environment] = await Promise.all([
    startKubeWorld(),
    startVault(),
    startBenchEnvironment(),
  ]);
  const stackDir = await mkdtemp(join(tmpdir(), 'tenantry-bench-operator-'));
  await writeFile(join(stackDir, 'platform.yaml'), platformDocument());
  await kube.namespace(NAMESPACE);
  const variables = {
    ...environment.variables,
    ...appVariables(),
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
  };
  return {
    kube,
    client: kube.client,
    vault,
    environment: { ...environment, variables },
    stackDir,
    program,
    variables,
    async close() {
      await Promise.all([kube.close(), vault.close(), environment.close()]);
      await rm(stackDir, { recursive: true, force: true });
    },
  };
}
