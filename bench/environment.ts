/** A fresh embedded environment for a benchmark: Postgres, development Vault and Airbyte emulator. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Account, appVariables } from './generate.ts';
import { HttpLoop } from './http-loop.ts';

export interface BenchEnvironment {
  /** Variables that point Tenantry to it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Stops everything and waits for the end. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const SEED_CONCURRENCY = 32;

/**
 * Starts it in a process of its own, so that the measured process is the program alone. Nothing of it is kept on disk
 * but Postgres' own temporary folder.
 */
export async function startBenchEnvironment(): Promise<BenchEnvironment> {
  const child = fork(join(import.meta.dirname, 'environment-process.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  try {
    const variables = await firstMessage(child);
    return {
      variables: { ...variables, ...appVariables() },
      async close() {
        if (child.connected) child.disconnect();
        await exited;
      },
    };
  } catch (error) {
    child.kill();
    await exited;
    throw error;
  }
}

async function firstMessage(child: ChildProcess): Promise<Record<string, string>> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  const ended = once(child, 'exit', { signal: timeout }).then(() => {
    throw new Error('the environment ended before it was ready; its messages are above');
  });
  const [message] = await Promise.race([once(child, 'message', { signal: timeout }), ended]);
  return message as Record<string, string>;
}

/**
 * Puts a credential for every account into KV v2 in plain text, as `vault kv put` by hand does: so sources and
 * connections are made in the first apply, which also encrypts every credential in place.
 */
export async function seedCredentials(
  environment: BenchEnvironment,
  accounts: readonly Account[],
): Promise<void> {
  const { VAULT_ADDR = '', VAULT_TOKEN = '' } = environment.variables;
  const loop = new HttpLoop({
    address: VAULT_ADDR,
    concurrency: SEED_CONCURRENCY,
    headers: { 'X-Vault-Token': VAULT_TOKEN },
  });
  try {
    await loop.run(accounts, async ({ tenant, integration }) => {
      const data = {
        access_token: `bench-${tenant}-${integration}`,
        refresh_token: `bench-refresh-${tenant}-${integration}`,
        token_type: 'bearer',
      };
      const answer = await loop.send({
        method: 'POST',
        path: `/v1/secret/data/${tenant}/${integration}`,
        body: JSON.stringify({ data }),
      });
      if (answer.status >= 300)
        throw new Error(`Vault answers ${answer.status} to a credential of ${tenant}`);
    });
  } finally {
    loop.close();
  }
}
