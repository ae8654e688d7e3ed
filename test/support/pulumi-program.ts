/** What the tests of the Pulumi program and its components share: the variables of a job, and a loaded stack. */
import { vi } from 'vitest';
import { registerStack } from '../../src/pulumi/run.ts';
import { type MockOptions, type Recording, record } from './pulumi-mocks.ts';
import { documentsOf } from './world.ts';

/** Each secret is a canary: nothing that is registered may hold it. */
export const SECRETS = {
  VAULT_TOKEN: 'canary-vault-token',
  PGPASSWORD: 'canary-postgres-password',
  AIRBYTE_CLIENT_SECRET: 'canary-airbyte-secret',
} as const;

const ENV = {
  ...SECRETS,
  VAULT_ADDR: 'http://127.0.0.1:8200',
  PGHOST: 'postgres.example.com',
  AIRBYTE_URL: 'http://127.0.0.1:8001/api/public/v1',
  AIRBYTE_CLIENT_ID: 'client',
};

/** Sets the variables for one test; for `beforeEach`. */
export function setEnvironment(): () => void {
  for (const [name, value] of Object.entries(ENV)) vi.stubEnv(name, value);
  return () => {
    vi.unstubAllEnvs();
  };
}

export type RecordedStack = Recording & { readonly result: Awaited<ReturnType<typeof registerStack>> };

/** Registers documents as the program does. */
export async function recordStack(yaml: string, options?: MockOptions): Promise<RecordedStack> {
  const stack = await documentsOf(yaml);
  return record(() => registerStack(stack), options);
}
