/** What the benchmarks share: the stack on disk, fresh environments, and where progress goes. */
import { join } from 'node:path';
import { writeEnvFile } from '../src/dev/environment.ts';
import { type BenchEnvironment, seedCredentials, startBenchEnvironment } from './environment.ts';
import type { Account } from './generate.ts';

export interface Bench {
  /** Folder of the generated stack. */
  readonly dir: string;
  readonly accounts: readonly Account[];
  /** Times that everything is measured. */
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** A fresh environment in which every account has a credential and nothing else is there. */
export async function withFreshEnvironment<T>(
  bench: Bench,
  work: (environment: BenchEnvironment, envFile: string) => Promise<T>,
): Promise<T> {
  const environment = await startBenchEnvironment();
  try {
    await seedCredentials(environment, bench.accounts);
    const envFile = join(bench.dir, 'bench.env');
    await writeEnvFile(envFile, environment.variables);
    return await work(environment, envFile);
  } finally {
    await environment.close();
  }
}

/** The process's own environment without what would point Tenantry to other systems. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(VAULT_|PG|AIRBYTE_|TENANTRY_|NODE_OPTIONS$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
