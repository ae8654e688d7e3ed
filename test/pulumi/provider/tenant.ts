/** Everything of one tenant with one integration, made through the provider as the program makes it. */
import type { Properties } from '../../../src/pulumi/provider/wire.ts';
import type { Systems } from '../../support/world.ts';
import type { State, TestEngine } from './engine.ts';

export interface TenantStates {
  readonly claim: State;
  readonly secret: State;
  readonly credential: State;
  readonly workspace: State;
  readonly destination: State;
  readonly source: State;
  readonly connection: State;
  readonly firstSync: State;
}

/** Type of the resource that each state is of. */
export const TYPES: Readonly<Record<keyof TenantStates, string>> = {
  claim: 'Claim',
  secret: 'GeneratedSecret',
  credential: 'Credential',
  workspace: 'Workspace',
  destination: 'Destination',
  source: 'Source',
  connection: 'Connection',
  firstSync: 'FirstSync',
};

export function secretInputs(tenant: string): Properties {
  return { path: `_platform/postgres/${tenant}`, field: 'password', tenant };
}

export function sourceInputs(tenant: string, workspaceId: string): Properties {
  return {
    name: `${tenant}-notion`,
    tenant,
    workspaceId,
    configuration: {
      sourceType: 'notion',
      credentials: { auth_type: 'token', token: `\${VAULT:secret/data/${tenant}/notion:access_token}` },
      start_date: '2026-01-01T00:00:00.000Z',
    },
    recordPath: `${tenant}/notion`,
  };
}

export function destinationInputs(tenant: string, workspaceId: string, { postgres }: Systems): Properties {
  return {
    name: `${tenant}-postgres`,
    tenant,
    workspaceId,
    configuration: {
      destinationType: 'postgres',
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      schema: `tenant_${tenant}`,
      username: `tenant_${tenant}_loader`,
      password: `\${VAULT:secret/data/_platform/postgres/${tenant}:password}`,
    },
    recordPath: `_platform/postgres/${tenant}`,
  };
}

export function connectionInputs(
  tenant: string,
  ids: { workspaceId: string; sourceId: string; destinationId: string },
): Properties {
  return {
    name: `${tenant}-notion`,
    tenant,
    ...ids,
    namespace: `tenant_${tenant}`,
    prefix: 'notion_',
    streams: [{ name: 'pages', syncMode: 'full_refresh_overwrite' }],
    schedule: '12 34 5 * * ?',
  };
}

/** Makes all of it; the credential must be stored between the first half and the source. */
export async function makeTenant(
  engine: TestEngine,
  systems: Systems,
  tenant: string,
  connect: () => Promise<unknown>,
): Promise<TenantStates> {
  const claim = await engine.create('Claim', tenant, { tenant });
  const secret = await engine.create('GeneratedSecret', tenant, secretInputs(tenant));
  await connect();
  const credential = await engine.create('Credential', tenant, { tenant, integration: 'notion' });
  const workspace = await engine.create('Workspace', tenant, { tenant });
  const destination = await engine.create(
    'Destination',
    tenant,
    destinationInputs(tenant, workspace.id, systems),
  );
  const source = await engine.create('Source', tenant, sourceInputs(tenant, workspace.id));
  const ids = { workspaceId: workspace.id, sourceId: source.id, destinationId: destination.id };
  const connection = await engine.create('Connection', tenant, connectionInputs(tenant, ids));
  const firstSync = await engine.create('FirstSync', tenant, {
    connectionId: connection.id,
    credentialPath: `${tenant}/notion`,
  });
  return { claim, secret, credential, workspace, destination, source, connection, firstSync };
}
