/** The systems that one configured provider talks to; they are connected to when the first resource needs them. */
import { randomUUID } from 'node:crypto';
import type { AirbyteClient } from '../../clients/airbyte.ts';
import type { Clients } from '../../clients/connect.ts';
import { existingFingerprintKey, fingerprintKey } from '../../clients/fingerprint-key.ts';
import type { PostgresClient } from '../../clients/postgres.ts';
import { createSecrets } from '../../clients/secrets.ts';
import { TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import type { World } from '../../resources/kind.ts';
import type { Owner } from '../../resources/mark.ts';
import type { Configured } from './configuration.ts';

export interface WorldOptions {
  readonly owner: Owner;
  readonly signal: AbortSignal;
  /** True for who may change nothing. */
  readonly readOnly: boolean;
}

export class Session {
  readonly redactor: Redactor;
  readonly #configured: Configured;
  #clients: Promise<Clients> | undefined;
  #fingerprintKey: Promise<string> | undefined;

  constructor(configured: Configured, redactor: Redactor) {
    this.#configured = configured;
    this.redactor = redactor;
  }

  /**
   * What one call sees. Secrets are looked up anew for each: a value that was read before its version could be recorded
   * as the newer one.
   */
  async world({ owner, signal, readOnly }: WorldOptions): Promise<World> {
    this.#clients ??= this.#connect();
    const clients = await this.#clients;
    const vault = await clients.vault;
    const key = (): Promise<string> => (readOnly ? existingFingerprintKey(vault) : this.#key(clients));
    return {
      vault,
      airbyte: await clients.airbyte.catch(absentAirbyteClient),
      postgres: NO_POSTGRES,
      secrets: createSecrets({
        vault,
        env: this.#configured.env,
        redactor: this.redactor,
        fingerprintKey: key,
      }),
      owner,
      signal,
    };
  }

  async close(): Promise<void> {
    await (await this.#clients)?.close();
  }

  /** The clients' libraries are loaded with the first use: a schema or a check needs none of them. */
  async #connect(): Promise<Clients> {
    const { connectEach } = await import('../../clients/connect.ts');
    const { settings, env, withoutAirbyte } = this.#configured;
    return connectEach(settings, {
      env,
      redactor: this.redactor,
      applicationName: `tenantry pulumi ${randomUUID().slice(0, 8)}`,
      ...(withoutAirbyte !== undefined && { withoutAirbyte }),
    });
  }

  #key({ vault }: Clients): Promise<string> {
    this.#fingerprintKey ??= vault.then(fingerprintKey).catch((error: unknown) => {
      this.#fingerprintKey = undefined;
      throw error;
    });
    return this.#fingerprintKey;
  }
}

/** Airbyte's login may be kept in Vault: what cannot be read fails the resources that need it, and no others. */
function absentAirbyteClient(error: unknown): AirbyteClient {
  const fail = (): Promise<never> => Promise.reject(error as Error);
  return {
    get: fail,
    listAll: fail,
    post: fail,
    patch: fail,
    put: fail,
    delete: fail,
    health: fail,
    tokenStatus: () => ({ method: 'client_credentials' }),
  };
}

/** Schemas and roles are made by the official provider; nothing here may come to need a connection unnoticed. */
const NO_POSTGRES: PostgresClient = {
  database: '',
  query: noPostgres,
  script: noPostgres,
  withLock: noPostgres,
};

function noPostgres(): Promise<never> {
  return Promise.reject(new TenantryError('Internal', 'the Pulumi provider has no connection to Postgres'));
}
