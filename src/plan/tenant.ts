/** Resources of one tenant: claim, key, policy, roles, schema, workspace, destination. Pure. */

import type { ActorInputs } from '../resources/airbyte/actor.ts';
import type { Configuration } from '../resources/airbyte/configuration.ts';
import type { WorkspaceInputs } from '../resources/airbyte/workspace.ts';
import type { GrantsInputs } from '../resources/postgres/grants.ts';
import type { RoleInputs } from '../resources/postgres/role.ts';
import type { SchemaInputs } from '../resources/postgres/schema.ts';
import { type AuthRoleInputs, authRolePath } from '../resources/vault/auth-role.ts';
import type { ClaimInputs } from '../resources/vault/claim.ts';
import type { GeneratedSecretInputs } from '../resources/vault/generated-secret.ts';
import { loaderPasswordPath, tenantPolicyName } from '../resources/vault/paths.ts';
import type { PolicyInputs } from '../resources/vault/policy.ts';
import type { TransitKeyInputs } from '../resources/vault/transit-key.ts';
import type { Loaded } from '../spec/documents.ts';
import { durationSeconds } from '../spec/fields.ts';
import { loaderRole, readerRole, schemaOf } from '../spec/names.ts';
import type { SecretRef } from '../spec/secret-ref.ts';
import type { TenantDocument } from '../spec/tenant.ts';
import { type Deferred, type Graph, type Ref, ref } from './graph.ts';
import { tenantPolicyRules } from './policies.ts';
import type { PlanSettings, TenantAuthSettings } from './settings.ts';

/** What a tenant's integrations refer to. */
export interface TenantIds {
  readonly claim: string;
  readonly transitKey: string;
  readonly destination: string;
  readonly workspaceId: string | Ref;
  /** Resources that a workspace's content depends on; none when the workspace is shared. */
  readonly workspace: readonly string[];
  readonly schema: string;
}

/** Adds one resource of a tenant with the inputs' type checked. */
export type Add = <I>(
  kind: string,
  name: string,
  inputs: { readonly [K in keyof I]: Deferred<I[K]> },
  dependsOn: readonly string[],
) => string;

const PASSWORD = 'password';

export function addTenant(
  graph: Graph,
  document: Loaded<TenantDocument>,
  namespaces: ReadonlyMap<string, boolean>,
  context: { readonly settings: PlanSettings; readonly platform: readonly string[] },
): TenantIds {
  const { settings, platform } = context;
  const tenant = document.metadata.name;
  const deletion = document.spec.deletionPolicy;
  const adder =
    (observeOnly: boolean): Add =>
    (kind, name, inputs, dependsOn) =>
      graph.add({
        id: `${kind}/${name}`,
        kind,
        name,
        tenant,
        integration: undefined,
        inputs,
        dependsOn,
        gates: [],
        adopt: document.spec.adopt,
        deletion,
        observeOnly,
      });
  const add = adder(document.spec.managementPolicy === 'Observe');

  const claim = addVault(add, document, settings, platform);
  const transitKey = add<TransitKeyInputs>(
    'vault:transit-key',
    tenant,
    { name: tenant, rotationSeconds: durationSeconds(document.spec.encryption.rotationPeriod) ?? 0 },
    [claim],
  );
  const password = add<GeneratedSecretInputs>(
    'vault:generated-secret',
    loaderPasswordPath(tenant),
    { path: loaderPasswordPath(tenant), field: PASSWORD, tenant, deletion },
    [claim],
  );
  const database = addDatabase(add, document, namespaces, {
    settings,
    claim,
    password,
    addObserved: adder(true),
  });
  const { workspaceId: adoptedWorkspace } = document.spec.airbyte;
  const workspace = settings.sharedWorkspaceId
    ? undefined
    : add<WorkspaceInputs>(
        'airbyte:workspace',
        tenant,
        {
          tenant,
          organizationId: settings.organizationId,
          ...(adoptedWorkspace === undefined ? {} : { adoptId: adoptedWorkspace }),
        },
        [claim],
      );
  const workspaceId = workspace ? ref(workspace, 'workspaceId') : (settings.sharedWorkspaceId ?? '');
  const workspaces = workspace ? [workspace] : [];
  const destination = addDestination(add, document, workspaceId, {
    settings,
    password,
    dependsOn: [...workspaces, ...database],
  });
  return { claim, transitKey, destination, workspaceId, workspace: workspaces, schema: schemaOf(document) };
}

/** Claim, policy and auth role. Returns the claim, which everything of the tenant depends on. */
function addVault(
  add: Add,
  document: Loaded<TenantDocument>,
  settings: PlanSettings,
  platform: readonly string[],
): string {
  const tenant = document.metadata.name;
  const { namespace } = document.source;
  const name = tenantPolicyName(tenant);
  const auth = settings.tenantAuth;
  const claim = add<ClaimInputs>(
    'vault:claim',
    tenant,
    {
      tenant,
      deletion: document.spec.deletionPolicy,
      transitKey: tenant,
      authRole: auth && authRolePath(auth.mount, name),
      ...(namespace !== undefined && { namespace }),
    },
    platform,
  );
  const policy = add<PolicyInputs>(
    'vault:policy',
    name,
    { name, rules: tenantPolicyRules(tenant, settings), tenant },
    [claim],
  );
  if (auth) {
    const inputs = { mount: auth.mount, name, role: authRoleBody(tenant, auth) };
    add<AuthRoleInputs>('vault:auth-role', `${auth.mount}/${name}`, inputs, [policy]);
  }
  return claim;
}

/** Body of `POST auth/{mount}/role/{name}`, as each method's API page says. */
function authRoleBody(tenant: string, auth: TenantAuthSettings): AuthRoleInputs['role'] {
  const seconds = durationSeconds(auth.tokenTtl) ?? 3600;
  const common = { token_policies: [tenantPolicyName(tenant)], token_ttl: seconds };
  // Without a secret id, who knows the role's id would be in.
  if (auth.method === 'approle') return { ...common, bind_secret_id: true };
  if (auth.method === 'kubernetes') {
    return {
      ...common,
      bound_service_account_namespaces: auth.boundServiceAccountNamespaces ?? [tenant],
      bound_service_account_names: auth.boundServiceAccountNames ?? ['default'],
    };
  }
  return {
    ...common,
    role_type: 'jwt',
    user_claim: auth.userClaim,
    bound_claims: { [auth.tenantClaim]: tenant },
    ...(auth.boundAudiences ? { bound_audiences: auth.boundAudiences } : {}),
  };
}

/**
 * Roles, the tenant's schema and those that its integrations name (true: only observed ones do). Returns what a
 * destination needs to be there.
 */
function addDatabase(
  add: Add,
  document: TenantDocument,
  namespaces: ReadonlyMap<string, boolean>,
  context: {
    readonly settings: PlanSettings;
    readonly claim: string;
    readonly password: string;
    readonly addObserved: Add;
  },
): string[] {
  const tenant = document.metadata.name;
  const deletion = document.spec.deletionPolicy;
  const own = schemaOf(document);
  const [loader, reader] = [loaderRole(own), readerRole(own)];
  const login = {
    password: passwordRef(tenant, context.settings),
    passwordVersion: ref(context.password, 'version'),
    connectionLimit: document.spec.database.connectionLimit,
  };
  const role = { tenant, deletion, searchPath: own };
  const roles = [
    add<RoleInputs>('postgres:role', loader, { ...role, name: loader, login }, [context.password]),
    add<RoleInputs>('postgres:role', reader, { ...role, name: reader }, [context.claim]),
  ];
  const addSchema = (name: string, adding: Add): string => {
    const schema = adding<SchemaInputs>('postgres:schema', name, { name, tenant, deletion }, [context.claim]);
    return adding<GrantsInputs>('postgres:grants', name, { schema: name, loader, reader }, [
      schema,
      ...roles,
    ]);
  };
  const needed = [addSchema(own, add)];
  for (const [name, isObserved] of namespaces) {
    if (name === own) continue;
    const grants = addSchema(name, isObserved ? context.addObserved : add);
    if (!isObserved) needed.push(grants);
  }
  return needed;
}

function passwordRef(tenant: string, settings: PlanSettings): SecretRef {
  return { from: 'vault', path: `${settings.kvMount}/data/${loaderPasswordPath(tenant)}`, key: PASSWORD };
}

function addDestination(
  add: Add,
  document: TenantDocument,
  workspaceId: string | Ref,
  context: {
    readonly settings: PlanSettings;
    readonly password: string;
    readonly dependsOn: readonly string[];
  },
): string {
  const { settings, password } = context;
  const tenant = document.metadata.name;
  const schema = schemaOf(document);
  const configuration: Configuration = {
    destinationType: 'postgres',
    host: settings.destination.host,
    port: settings.destination.port,
    database: settings.database,
    schema,
    username: loaderRole(schema),
    password: { $secret: passwordRef(tenant, settings) },
    ssl_mode: { mode: settings.destination.sslMode },
    // Airbyte's own choice is one schema for the raw tables of everybody.
    raw_data_schema: schema,
  };
  const name = `${tenant}-postgres`;
  const { destinationId } = document.spec.airbyte;
  return add<ActorInputs>(
    'airbyte:destination',
    name,
    {
      name,
      tenant,
      workspaceId,
      configuration: configuration as Deferred<Configuration>,
      secretVersion: [ref(password, 'version')],
      appliedVersion: ref(password, 'appliedDestination'),
      recordPath: loaderPasswordPath(tenant),
      ...(destinationId === undefined ? {} : { adoptId: destinationId }),
    },
    [...context.dependsOn, password],
  );
}
