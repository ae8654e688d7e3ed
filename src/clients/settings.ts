/** Settings of the backends: the Platform document with the defaults from the environment filled in. */
import { TenantryError } from '../errors.ts';
import type { PlatformDocument } from '../spec/platform.ts';
import type { SecretRef } from '../spec/secret-ref.ts';
import type { PostgresSslMode } from './postgres.ts';
import { defined, NONE, SettingsReader } from './settings-reader.ts';

/** Secrets stay references, so that settings can be printed. */
export type VaultAuthSettings =
  | { readonly method: 'token'; readonly token: SecretRef }
  | {
      readonly method: 'approle';
      readonly mount: string;
      readonly roleId: string;
      readonly secretId: SecretRef;
    }
  | {
      readonly method: 'kubernetes';
      readonly mount: string;
      readonly role: string;
      readonly tokenFile?: string;
    }
  | { readonly method: 'jwt'; readonly mount: string; readonly role: string; readonly tokenFile: string };

export interface Settings {
  readonly vault: {
    readonly address: string;
    readonly namespace?: string;
    readonly auth: VaultAuthSettings;
    readonly kvMount: string;
    readonly transitMount: string;
    readonly caCertFile?: string;
    readonly concurrency: number;
  };
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: SecretRef;
    readonly sslMode: PostgresSslMode;
    readonly caCertFile?: string;
    readonly concurrency: number;
  };
  readonly airbyte: {
    readonly url: string;
    readonly clientId?: string;
    readonly clientSecret?: SecretRef;
    readonly apiKey?: SecretRef;
    readonly workspace: 'PerTenant' | 'Shared';
    readonly workspaceId?: string;
    readonly organizationId?: string;
    readonly timeoutMs: number;
    readonly retries: number;
    readonly retryDelayMs: number;
    readonly concurrency: number;
  };
  /** Postgres as Airbyte's destination sees it. */
  readonly destination: {
    readonly host: string;
    readonly port: number;
    readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require';
  };
  readonly sidecarUrl?: string;
  /** Set by `tenantry dev` alone, whose links need no login. */
  readonly connectPage?: string;
}

/** The values that count: of the document, else of the environment, else the default. Throws MissingSetting for all at once. */
export function resolveSettings(platform: PlatformDocument, env: NodeJS.ProcessEnv): Settings {
  const { settings, problems } = draftSettings(platform, env);
  if (problems.length > 0) throw new TenantryError('MissingSetting', problems.join('; '));
  return settings;
}

/** The mount of KV v2 alone, for who reads documents and needs no system. */
export function kvMountOf({ spec }: PlatformDocument, env: NodeJS.ProcessEnv): string {
  return spec.vault.kvMount ?? (env['VAULT_KV_ENGINE'] || KV_MOUNT);
}

/**
 * The same for who can go on without Airbyte: its missing settings are told and not thrown.
 * @returns withoutAirbyte why there is none, where its settings are missing
 */
export function resolveWithoutAirbyte(
  platform: PlatformDocument,
  env: NodeJS.ProcessEnv,
  overlooked?: string,
): { readonly settings: Settings; readonly withoutAirbyte: string | undefined } {
  const { settings, problems } = draftSettings(platform, env);
  const isAirbytes = (problem: string): boolean => problem.startsWith('spec.airbyte');
  const isOverlooked = (problem: string): boolean =>
    overlooked !== undefined && problem.startsWith(`${overlooked} `);
  const others = problems.filter((problem) => !isAirbytes(problem) && !isOverlooked(problem));
  if (others.length > 0) throw new TenantryError('MissingSetting', others.join('; '));
  return { settings, withoutAirbyte: problems.filter(isAirbytes).join('; ') || undefined };
}

/**
 * The same without throwing, for who can go on with a part: what `problems` names has a stand-in in the settings. Each
 * problem begins with its field, e.g. `spec.vault.address`.
 */
export function draftSettings(
  platform: PlatformDocument,
  env: NodeJS.ProcessEnv,
): { readonly settings: Settings; readonly problems: readonly string[] } {
  const reader = new SettingsReader(env);
  const vault = vaultSettings(platform.spec.vault, reader);
  const postgres = postgresSettings(platform.spec.postgres, reader);
  const airbyte = airbyteSettings(platform.spec.airbyte, reader);
  const destination = destinationSettings(platform.spec.airbyte.destination, postgres, reader);
  const sidecarUrl = reader.url('spec.sidecar.url', platform.spec.sidecar.url, { variable: 'TENANTRY_URL' });
  const connectPage = reader.text('connect page', undefined, { variable: 'TENANTRY_CONNECT_PAGE' });
  const settings = { vault, postgres, airbyte, destination, ...defined({ sidecarUrl, connectPage }) };
  return { settings, problems: reader.problems };
}

type Spec = PlatformDocument['spec'];

function vaultSettings(spec: Spec['vault'], reader: SettingsReader): Settings['vault'] {
  const at = 'spec.vault';
  return {
    address: reader.url(`${at}.address`, spec.address, { variable: 'VAULT_ADDR', required: true }) ?? '',
    ...defined({
      namespace: reader.text(`${at}.namespace`, spec.namespace, { variable: 'VAULT_NAMESPACE' }),
      caCertFile: reader.text(`${at}.caCertFile`, spec.caCertFile, { variable: 'VAULT_CACERT' }),
    }),
    auth: vaultAuth(spec.auth, reader),
    kvMount: reader.text(`${at}.kvMount`, spec.kvMount, { variable: 'VAULT_KV_ENGINE' }) ?? KV_MOUNT,
    transitMount:
      reader.text(`${at}.transitMount`, spec.transitMount, { variable: 'VAULT_TRANSIT_ENGINE' }) ?? 'transit',
    concurrency: spec.concurrency,
  };
}

function vaultAuth(auth: Spec['vault']['auth'], reader: SettingsReader): VaultAuthSettings {
  const at = 'spec.vault.auth';
  if (auth.method === 'token') {
    return { method: 'token', token: reader.ownSecret(`${at}.token`, auth.token, 'VAULT_TOKEN') };
  }
  if (auth.method === 'approle') {
    return {
      method: 'approle',
      mount: auth.mount,
      roleId: reader.text(`${at}.roleId`, auth.roleId, { variable: 'VAULT_ROLE_ID', required: true }) ?? '',
      secretId: reader.ownSecret(`${at}.secretId`, auth.secretId, 'VAULT_SECRET_ID'),
    };
  }
  const { tokenFile, ...rest } = auth;
  return { ...rest, ...defined({ tokenFile }) } as VaultAuthSettings;
}

function postgresSettings(spec: Spec['postgres'], reader: SettingsReader): Settings['postgres'] {
  const at = 'spec.postgres';
  const host = reader.text(`${at}.host`, spec.host, { variable: 'PGHOST', required: true }) ?? '';
  const port = reader.port(`${at}.port`, spec.port, { variable: 'PGPORT' }) ?? 5432;
  const sslMode = reader.oneOf(`${at}.sslMode`, spec.sslMode, { variable: 'PGSSLMODE', allowed: SSL_MODES });
  const caCertFile = reader.text(`${at}.caCertFile`, spec.caCertFile, { variable: 'PGSSLROOTCERT' });
  return {
    host,
    port,
    database: reader.text(`${at}.database`, spec.database, { variable: 'PGDATABASE' }) ?? 'postgres',
    user: reader.text(`${at}.user`, spec.user, { variable: 'PGUSER' }) ?? 'postgres',
    password:
      reader.secret(`${at}.password`, spec.password, { variable: 'PGPASSWORD', required: true }) ?? NONE,
    sslMode: sslMode ?? (isLoopback(host) ? 'disable' : 'require'),
    // libpq's word for the list that the system trusts, which is what we take without a file.
    ...defined({ caCertFile: caCertFile === 'system' ? undefined : caCertFile }),
    concurrency: spec.concurrency,
  };
}

function airbyteSettings(spec: Spec['airbyte'], reader: SettingsReader): Settings['airbyte'] {
  const at = 'spec.airbyte';
  const clientId = reader.text(`${at}.clientId`, spec.clientId, { variable: 'AIRBYTE_CLIENT_ID' });
  const clientSecret = reader.secret(`${at}.clientSecret`, spec.clientSecret, {
    variable: 'AIRBYTE_CLIENT_SECRET',
  });
  const apiKey = reader.secret(`${at}.apiKey`, spec.apiKey, { variable: 'AIRBYTE_API_KEY' });
  const hasCredentials = clientId !== undefined && clientSecret !== undefined;
  if (!hasCredentials && apiKey === undefined) {
    reader.problem(
      `${at}: Either api_key or both client_id and client_secret are required (AIRBYTE_API_KEY, or AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET)`,
    );
  }
  const workspaceId = reader.text(`${at}.workspaceId`, spec.workspaceId, {
    variable: 'AIRBYTE_WORKSPACE_ID',
    required: spec.workspace === 'Shared',
  });
  const organizationId = reader.text(`${at}.organizationId`, spec.organizationId, {
    variable: 'AIRBYTE_ORGANIZATION_ID',
  });
  return {
    url: reader.url(`${at}.url`, spec.url, { variable: 'AIRBYTE_URL' }) ?? AIRBYTE_CLOUD,
    ...defined(hasCredentials ? { clientId, clientSecret } : {}),
    ...defined({ apiKey, workspaceId, organizationId }),
    workspace: spec.workspace,
    timeoutMs: spec.timeoutSeconds * 1000,
    retries: spec.retries,
    retryDelayMs: spec.retryDelaySeconds * 1000,
    concurrency: spec.concurrency,
  };
}

function destinationSettings(
  spec: Spec['airbyte']['destination'],
  postgres: Settings['postgres'],
  reader: SettingsReader,
): Settings['destination'] {
  return {
    host: reader.text('spec.airbyte.destination.host', spec.host) ?? postgres.host,
    port: spec.port ?? postgres.port,
    sslMode: spec.sslMode ?? (postgres.sslMode === 'disable' ? 'disable' : 'require'),
  };
}

const KV_MOUNT = 'secret';
const AIRBYTE_CLOUD = 'https://api.airbyte.com/v1';
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host) || host.startsWith('/');
}
