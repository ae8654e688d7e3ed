/** A replica in a process of its own, for tests that kill or stop it: waits to be told a place, and asks for its token. */
import { Redactor } from '../../../src/redact.ts';
import { createDatabase, type DatabaseOptions } from '../../../src/sidecar/database/pooled-database.ts';
import { createMetrics } from '../../../src/sidecar/metrics.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { createTokenService } from '../../../src/sidecar/tokens/create.ts';
import { sidecarSettingsOf, testContext } from '../../support/sidecar-context.ts';
import { documentsOf } from '../../support/world.ts';
import { documentsYaml, queueDouble, ROTATING, vaultClient } from './world.ts';

export interface Go {
  readonly tenant: string;
  /** The time of tokens, in milliseconds since 1970. */
  readonly now: number;
  readonly leaseMs: number;
  readonly vault: { readonly address: string; readonly token: string };
  readonly postgres: DatabaseOptions;
  readonly provider: { readonly origin: string; readonly url: string };
}

export type Ended = { readonly value: string } | { readonly code: string };

const tenants = process.argv.slice(2);
const { documents, catalog } = await documentsOf(documentsYaml(tenants, [ROTATING]));

process.on('message', (go: Go) => {
  run(go).then(
    (ended) => process.send?.(ended),
    (error: Error & { code?: string }) => process.send?.({ code: error.code ?? error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function run({ tenant, now, leaseMs, vault, postgres, provider }: Go): Promise<Ended> {
  const redactor = new Redactor();
  const clock = (): number => now;
  const view = stackView(documents, catalog);
  const settings = sidecarSettingsOf({}, { providerOrigins: { [provider.origin]: provider.url } });
  const env = { LINEAR_CLIENT_ID: 'client', LINEAR_CLIENT_SECRET: 'secret-of-the-app' };
  const tokens = createTokenService({
    vault: vaultClient(vault.address, vault.token, redactor),
    database: createDatabase(postgres),
    queue: queueDouble(clock),
    providers: createProviders({
      secrets: { resolve: async () => 'unused', version: async () => '1' },
      redactor,
      settings,
      env,
      now: clock,
    }),
    stack: { current: () => view },
    redactor,
    metrics: createMetrics(),
    accessLog: { record: async () => undefined },
    settings,
    log: testContext({ redactor }).log,
    now: clock,
    env: {},
    leaseMs,
  });
  const { value } = await tokens.get({ tenant, integration: ROTATING });
  // What is written after the token was given out belongs to the refresh, too.
  await tokens.close();
  return { value };
}
