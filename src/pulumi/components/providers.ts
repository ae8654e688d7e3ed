/** The providers of a platform: the official ones of Vault and Postgres, and ours. */
import { readFileSync } from 'node:fs';
import * as postgresql from '@pulumi/postgresql';
import * as pulumi from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';
import type { Settings } from '../../clients/settings.ts';
import { TenantryError } from '../../errors.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import { formatSecretRef, type SecretRef } from '../../spec/secret-ref.ts';
import { readable } from '../failure.ts';
import { Provider } from '../sdk/index.ts';

/** Packages whose resources are registered. */
export const PACKAGES = ['vault', 'postgresql', 'tenantry'] as const;
export type Package = (typeof PACKAGES)[number];

export interface ProvidersInput {
  readonly document: PlatformDocument;
  readonly settings: Settings;
  /** With secrets that came as files. */
  readonly env: NodeJS.ProcessEnv;
}

/** Makes the providers of the packages that the program brings none for. */
export function makeProviders(
  name: string,
  input: ProvidersInput,
  missing: readonly Package[],
): Record<string, pulumi.ProviderResource> {
  const make: Record<Package, () => pulumi.ProviderResource> = {
    vault: () => new vault.Provider(name, vaultArgs(input)),
    postgresql: () => new postgresql.Provider(name, postgresqlArgs(input)),
    tenantry: () => new Provider(name, tenantryArgs(input.document)),
  };
  return Object.fromEntries(missing.map((of) => [of, make[of]()]));
}

/** Packages that options bring a provider for. */
export function givenPackages(opts: pulumi.ComponentResourceOptions | undefined): ReadonlySet<string> {
  const { provider, providers = [], parent } = opts ?? {};
  const listed = Array.isArray(providers) ? providers : Object.values(providers);
  const given = [...(provider ? [provider] : []), ...listed].map(packageOf);
  const inherited = PACKAGES.filter((of) => parent?.getProvider(`${of}:index:Any`) !== undefined);
  return new Set([...given, ...inherited]);
}

/** Pulumi's own method, which its types leave out. */
function packageOf(provider: pulumi.ProviderResource): string {
  return (provider as unknown as { getPackage(): string }).getPackage();
}

/** The providers that a component uses, for components below it that stand elsewhere in the tree. */
export function providersOf(component: pulumi.Resource): Record<string, pulumi.ProviderResource> {
  const found = PACKAGES.map((of) => [of, component.getProvider(`${of}:index:Any`)] as const);
  return Object.fromEntries(
    found.filter((entry): entry is [Package, pulumi.ProviderResource] => entry[1] !== undefined),
  );
}

function vaultArgs({ settings, env }: ProvidersInput): vault.ProviderArgs {
  const { address, namespace, caCertFile, auth } = settings.vault;
  const common = { address, ...(namespace && { namespace }), ...(caCertFile && { caCertFile }) };
  if (auth.method === 'token') return { ...common, ...own('token', auth.token, 'VAULT_TOKEN', env) };
  const path = `auth/${auth.mount}/login`;
  if (auth.method === 'approle') {
    const parameters = { role_id: auth.roleId, secret_id: ofEnvironment(auth.secretId, env) };
    return { ...common, authLogin: { path, parameters: pulumi.secret(parameters) } };
  }
  const jwt = pulumi.secret(fileText(auth.tokenFile ?? SERVICE_ACCOUNT_TOKEN));
  if (auth.method === 'jwt') return { ...common, authLoginJwt: { mount: auth.mount, role: auth.role, jwt } };
  return { ...common, authLogin: { path, parameters: { role: auth.role, jwt } } };
}

/** Where Kubernetes projects a pod's token. */
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

function postgresqlArgs(input: ProvidersInput): postgresql.ProviderArgs {
  const { host, port, database, user, password, sslMode, caCertFile, concurrency } = input.settings.postgres;
  return {
    host,
    port,
    database,
    username: user,
    sslmode: sslMode,
    ...(caCertFile && { sslrootcert: caCertFile }),
    maxConnections: concurrency,
    // A superuser is not needed, and a provider that believes in one reads tables that nobody else may.
    superuser: false,
    ...(password.from === 'vault'
      ? { password: pulumi.secret(ofVault(password, input)) }
      : own('password', password, 'PGPASSWORD', input.env)),
  };
}

/** The parts of the Platform document that our provider reads; secrets in it are references. */
function tenantryArgs({ spec }: PlatformDocument): ConstructorParameters<typeof Provider>[1] {
  const { tenantAuth: _auth, audit: _audit, ...ofVault } = spec.vault;
  const { destination: _destination, ...ofAirbyte } = spec.airbyte;
  return { vault: defined(ofVault), airbyte: defined(ofAirbyte) } as ConstructorParameters<
    typeof Provider
  >[1];
}

function defined(part: object): object {
  return JSON.parse(JSON.stringify(part)) as object;
}

/**
 * A secret that the plugin finds in its own environment is not handed over: it would be in the state, and a token that
 * is new in each job would be a change in each preview.
 */
function own(
  field: string,
  reference: SecretRef,
  variable: string,
  env: NodeJS.ProcessEnv,
): Record<string, pulumi.Output<string>> {
  const isThere = reference.from === 'env' && reference.name === variable && process.env[variable];
  return isThere ? {} : { [field]: pulumi.secret(ofEnvironment(reference, env)) };
}

function ofEnvironment(reference: SecretRef, env: NodeJS.ProcessEnv): string {
  const value = reference.from === 'env' ? env[reference.name] : undefined;
  if (!value) throw new TenantryError('SecretNotFound', `${formatSecretRef(reference)} is not there`);
  return value;
}

/** Loaded when needed: most passwords come from the environment, and the clients take a while to load. */
async function ofVault(reference: SecretRef, { settings, env }: ProvidersInput): Promise<string> {
  const { connectEach } = await import('../../clients/connect.ts');
  const clients = connectEach(settings, { env, readOnly: true });
  try {
    return await (await clients.secrets).resolve(reference);
  } catch (error) {
    throw readable(error);
  } finally {
    await clients.close();
  }
}

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TenantryError('MissingSetting', `spec.vault.auth.tokenFile: ${file} cannot be read: ${code}`);
  }
}
