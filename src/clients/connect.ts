/** Builds the clients of a stack from its settings. */
import { readFile } from 'node:fs/promises';
import { TenantryError } from '../errors.ts';
import { Redactor } from '../redact.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import { type AirbyteClient, createAirbyteClient } from './airbyte.ts';
import { existingFingerprintKey, fingerprintKey } from './fingerprint-key.ts';
import type { BackendCall } from './http.ts';
import { createPostgresClient, type PostgresClient, type PostgresOptions } from './postgres.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import type { Settings, VaultAuthSettings } from './settings.ts';
import { createVaultClient, type VaultAuth, type VaultClient } from './vault.ts';

export interface Backends {
  readonly settings: Settings;
  readonly vault: VaultClient;
  readonly postgres: PostgresClient;
  readonly airbyte: AirbyteClient;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onCall?: (call: BackendCall) => void;
  /** Name of our Postgres connections; shown to who waits for our lock. Default `tenantry`. */
  readonly applicationName?: string;
  /** True for who may change nothing, e.g. a plan. Default false. */
  readonly readOnly?: boolean;
}

/** Reads the CA files and the logins' secrets, which may need Vault; reaches nothing else before the first call. */
export async function connect(settings: Settings, options: ConnectOptions): Promise<Backends> {
  const { env, onCall } = options;
  const redactor = new Redactor();
  const shared = { redactor, ...(onCall && { onCall }) };
  const vault = createVaultClient({ ...settings.vault, ...shared, ...(await vaultLogin(settings, env)) });
  const key = options.readOnly ? existingFingerprintKey : fingerprintKey;
  const secrets = createSecrets({ vault, env, redactor, fingerprintKey: () => key(vault) });
  try {
    const [postgres, airbyte] = await Promise.all([
      connectPostgres(settings, secrets, { ...shared, applicationName: options.applicationName }),
      connectAirbyte(settings, secrets, shared),
    ]);
    const close = async (): Promise<void> => {
      airbyte.close();
      await Promise.all([vault.close(), postgres.close()]);
    };
    return { settings, vault, postgres, airbyte, secrets, redactor, close };
  } catch (error) {
    await vault.close();
    throw error;
  }
}

type Shared = Pick<PostgresOptions, 'redactor' | 'onCall' | 'applicationName'>;

async function vaultLogin(
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Promise<{ auth: VaultAuth; ca?: string }> {
  const { auth, caCertFile } = settings.vault;
  const ca = await readCa(caCertFile, 'spec.vault.caCertFile (VAULT_CACERT)');
  return { auth: withValues(auth, env), ...(ca !== undefined && { ca }) };
}

function withValues(auth: VaultAuthSettings, env: NodeJS.ProcessEnv): VaultAuth {
  if (auth.method === 'token') return { ...auth, token: ownValue(auth.token, env) };
  if (auth.method === 'approle') return { ...auth, secretId: ownValue(auth.secretId, env) };
  return auth;
}

/** Vault's own login cannot come out of Vault; resolveSettings has refused that already. */
function ownValue(ref: SecretRef, env: NodeJS.ProcessEnv): string {
  const value = ref.from === 'env' ? env[ref.name] : undefined;
  if (!value)
    throw new TenantryError(
      'SecretNotFound',
      `${formatSecretRef(ref)} is not there: Vault's own login needs it`,
    );
  return value;
}

async function connectPostgres(
  { postgres }: Settings,
  secrets: Secrets,
  shared: Shared,
): Promise<ReturnType<typeof createPostgresClient>> {
  const [password, ca] = await Promise.all([
    secrets.resolve(postgres.password),
    readCa(postgres.caCertFile, 'spec.postgres.caCertFile (PGSSLROOTCERT)'),
  ]);
  return createPostgresClient({ ...postgres, ...shared, password, ca });
}

async function connectAirbyte(
  { airbyte }: Settings,
  secrets: Secrets,
  shared: Shared,
): Promise<ReturnType<typeof createAirbyteClient>> {
  const { clientSecret, apiKey, ...rest } = airbyte;
  const [secret, key] = await Promise.all([
    clientSecret && secrets.resolve(clientSecret),
    apiKey && secrets.resolve(apiKey),
  ]);
  return createAirbyteClient({ ...rest, ...shared, clientSecret: secret, apiKey: key });
}

async function readCa(file: string | undefined, field: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TenantryError('MissingSetting', `${field}: the file ${file} cannot be read: ${error.code}`);
  });
}
