/** A sidecar that people sign in to at a real OpenID provider, over a real Postgres. */
import type { Secrets } from '../../../../src/clients/secrets.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { authentication } from '../../../../src/sidecar/callers/authentication.ts';
import { callerRoutes } from '../../../../src/sidecar/callers/routes.ts';
import type { SidecarServer } from '../../../../src/sidecar/context.ts';
import {
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../../support/sidecar-context.ts';
import type { SidecarDatabase } from '../../../support/sidecar-database.ts';
import { testStack } from '../replica.ts';
import { CLIENT, startProvider, type TestProvider } from './provider.ts';

export interface OidcWorld {
  readonly url: string;
  readonly app: SidecarServer;
  readonly context: TestContext;
  readonly provider: TestProvider;
  readonly clock: { ms: number };
  close(): Promise<void>;
}

/** @param oidc changes of spec.sidecar.oidc; null: it is not set */
export async function startOidcWorld(
  { newDatabase }: Pick<SidecarDatabase, 'newDatabase'>,
  oidc: Record<string, unknown> | null = {},
): Promise<OidcWorld> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const provider = await startProvider(`${url}/session/oidc/callback`);
  const clock = { ms: Date.now() };
  const view = await testStack();
  const own = {
    issuer: provider.url,
    clientId: CLIENT.id,
    clientSecret: '${ENV:OIDC_SECRET}',
    roleClaim: 'role',
    name: 'Acme Login',
    ...oidc,
  };
  const context = testContext({
    settings: sidecarSettingsOf(oidc === null ? {} : { oidc: own }, { publicUrl: url }),
    database: newDatabase(),
    secrets: { resolve: async () => CLIENT.secret } as unknown as Secrets,
    stack: { current: () => view },
    now: () => clock.ms,
  });
  const app = await testServer(context, [callerRoutes], authentication(context));
  await app.listen({ host: '127.0.0.1', port: Number(new URL(url).port) });
  return {
    url,
    app,
    context,
    provider,
    clock,
    async close() {
      await app.close();
      await provider.close();
    },
  };
}
