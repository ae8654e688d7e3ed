/** Builds the clients of a stack from its settings. */
import { readFile } from 'node:fs/promises';
import { TenantryError } from '../errors.ts';
import { Redactor } from '../redact.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import { absentAirbyte } from './absent-airbyte.ts';
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
  /** It remembers what it has read, so that one run sees one state. */
  readonly secrets: Secrets;
  /** The same with an empty memory: a process that lives long takes one for each of its runs. */
  newSecrets(): Secrets;
  readonly redactor: Redactor;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onCall?: (call: BackendCall) => void;
  /** Name of our Postgres connections; shown to who waits for our lock. Default `tenantry`. */
  readonly applicationName?: string;
  /** Learns every secret. Default: one of its own. */
  readonly redactor?: Redactor;
  /** Why there is no Airbyte: whoever calls it gets this. Default: there is one. */
  readonly withoutAirbyte?: string | undefined;
  /** True for who may change nothing, e.g. a plan. Default false. */
  readonly readOnly?: boolean;
}

/** Reads the CA files and the logins' secrets, which may need Vault; reaches nothing else before the first call. */
export async function connect(settings: Settings, options: ConnectOptions): Promise<Backends> {
  const clients = connectEach(settings, options);
  const { redactor, close } = clients;
  try {
    const [vault, secrets, postgres, airbyte] = await Promise.all([
      clients.vault,
      clients.secrets,
      clients.postgres,
      clients.airbyte,
    ]);
    const newSecrets = (): Secrets => secretsOf(vault, options, redactor);
    return { settings, vault, postgres, airbyte, secrets, newSecrets, redactor, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The clients of `connect`, each for itself: one that cannot be made leaves the others as they are. */
export interface Clients {
  readonly vault: Promise<VaultClient>;
  readonly postgres: Promise<PostgresClient>;
  readonly airbyte: Promise<AirbyteClient>;
  readonly secrets: Promise<Secrets>;
  readonly redactor: Redactor;
  /** Closes those that were made. */
  close(): Promise<void>;
}

export function connectEach(settings: Settings, options: ConnectOptions): Clients {
  const { env, onCall } = options;
  const redactor = options.redactor ?? new Redactor();
  const shared = { redactor, ...(onCall && { onCall }) };
  const vault = vaultLogin(settings, env).then((login) =>
    createVaultClient({ ...settings.vault, ...shared, ...login }),
  );
  const secrets = vault
    .catch((error: unknown) => absentVault(settings, error))
    .then((client) => secretsOf(client, options, redactor));
  const postgres = secrets.then((known) =>
    connectPostgres(settings, known, { ...shared, applicationName: options.applicationName }),
  );
  const { withoutAirbyte } = options;
  const airbyte = withoutAirbyte
    ? Promise.resolve(absentAirbyte(withoutAirbyte))
    : secrets.then((known) => connectAirbyte(settings, known, shared));
  // Who awaits one of them gets its error; one that nobody asks for must not end the process.
  for (const each of [vault, secrets, postgres, airbyte]) each.catch(() => undefined);
  const close = async (): Promise<void> => {
    const made = await Promise.allSettled([airbyte, postgres, vault]);
    await Promise.all(made.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  };
  return { vault, postgres, airbyte, secrets, redactor, close };
}

function secretsOf(vault: VaultClient, { env, readOnly }: ConnectOptions, redactor: Redactor): Secrets {
  const key = readOnly ? existingFingerprintKey : fingerprintKey;
  return createSecrets({ vault, env, redactor, fingerprintKey: () => key(vault) });
}

/** In the place of a client that cannot be made: whoever needs a secret out of Vault gets the reason. */
function absentVault({ vault }: Settings, reason: unknown): VaultClient {
  const fail = (): Promise<never> => Promise.reject(reason as Error);
  const { kvMount, transitMount } = vault;
  return {
    kvMount,
    transitMount,
    read: fail,
    list: fail,
    write: fail,
    patch: fail,
    delete: fail,
    health: fail,
  };
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
  settings: Settings,
  secrets: Secrets,
  shared: Shared,
): Promise<ReturnType<typeof createPostgresClient>> {
  return createPostgresClient(await postgresOptions(settings, secrets, shared));
}

/** What a client of the stack's Postgres needs, with the password and the CA's certificate read. */
export async function postgresOptions(
  { postgres }: Pick<Settings, 'postgres'>,
  secrets: Pick<Secrets, 'resolve'>,
  shared: Shared,
): Promise<PostgresOptions> {
  const [password, ca] = await Promise.all([
    secrets.resolve(postgres.password),
    readCa(postgres.caCertFile, 'spec.postgres.caCertFile (PGSSLROOTCERT)'),
  ]);
  return { ...postgres, ...shared, password, ca };
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

/** Text of a CA file. @throws MissingSetting naming the field when it cannot be read */
export async function readCa(file: string | undefined, field: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TenantryError('MissingSetting', `${field}: the file ${file} cannot be read: ${error.code}`);
  });
}
