/** The systems that the benchmarks speak to, in a process of their own. Started by environment.ts, ended by it. */
import { startDevAirbyte } from '../src/dev/airbyte/server.ts';
import { startDevPostgres } from '../src/dev/postgres.ts';
import { startDevVault } from '../src/dev/vault/server.ts';

const [postgres, vault, airbyte] = await Promise.all([
  startDevPostgres(),
  startDevVault(),
  startDevAirbyte(),
]);

const variables = {
  VAULT_ADDR: vault.address,
  VAULT_TOKEN: vault.rootToken,
  PGHOST: postgres.host,
  PGPORT: String(postgres.port),
  PGDATABASE: postgres.database,
  PGUSER: postgres.user,
  PGPASSWORD: postgres.password,
  PGSSLMODE: 'disable',
  AIRBYTE_URL: airbyte.url,
  AIRBYTE_CLIENT_ID: airbyte.clientId,
  AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
};

async function close(): Promise<void> {
  await airbyte.close();
  await vault.close();
  await postgres.close();
  process.exit(0);
}

// The channel closes when the parent asks for the end, and also when it is gone.
process.on('disconnect', () => void close());
process.send?.(variables);
