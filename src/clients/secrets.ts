/** Resolves references to secrets, once each, and tells when one has changed. */
import { createHmac } from 'node:crypto';
import { TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import { type CallOptions, untilCancelled } from './http.ts';
import type { VaultClient } from './vault.ts';

/** Remembers for its own life: make one per run. A failure is not remembered. */
export interface Secrets {
  /** The value, from the environment or Vault KV v2; read once. Missing: SecretNotFound naming the reference. */
  resolve(ref: SecretRef, options?: CallOptions): Promise<string>;
  /** A text that changes when the secret changes; a Vault secret is not read for it. */
  version(ref: SecretRef, options?: CallOptions): Promise<string>;
}

export interface SecretsOptions {
  readonly vault: VaultClient;
  readonly env: NodeJS.ProcessEnv;
  readonly redactor: Redactor;
  /** Key of the fingerprints of environment variables; must stay the same from run to run. Asked at most once. */
  readonly fingerprintKey: () => Promise<string>;
}

type VaultRef = Extract<SecretRef, { from: 'vault' }>;

export function createSecrets(options: SecretsOptions): Secrets {
  const { vault, env, redactor } = options;
  const once = rememberPromises();

  function envValue(name: string): string {
    const value = env[name];
    if (value === undefined || value === '') throw notFound({ from: 'env', name }, 'the variable is not set');
    redactor.add(value);
    return value;
  }

  async function vaultValue(ref: VaultRef): Promise<string> {
    const { mount, path } = kvPlace(ref.path, vault.kvMount);
    const data = await once(`read ${mount} ${path}`, () =>
      vault.read<{ data?: Record<string, unknown> | null }>(`${mount}/data/${path}`),
    );
    const fields = data?.data ?? {};
    const found = Object.hasOwn(fields, ref.key) ? fields[ref.key] : undefined;
    if (found === undefined || found === null || found === '') {
      throw notFound(ref, data?.data ? `there is no field "${ref.key}"` : 'there is nothing at this path');
    }
    const text = typeof found === 'string' ? found : JSON.stringify(found);
    const [tenant, ...rest] = path.split('/');
    const isEncrypted = mount === vault.kvMount && rest.length > 0 && /^vault:v\d+:/.test(text);
    const value = isEncrypted ? await decrypt(ref, tenant ?? '', text) : text;
    redactor.add(value);
    return value;
  }

  /** The tenant's first path segment is also the name of its Transit key. */
  async function decrypt(ref: VaultRef, tenant: string, ciphertext: string): Promise<string> {
    try {
      const path = `${vault.transitMount}/decrypt/${tenant}`;
      const answer = await vault.write<{ plaintext: string }>(path, { ciphertext });
      return Buffer.from(answer?.plaintext ?? '', 'base64').toString('utf8');
    } catch (error) {
      if (!(error instanceof TenantryError) || error.code !== 'VaultError') throw error;
      const message = `${formatSecretRef(ref)} cannot be decrypted: ${error.message}`;
      throw new TenantryError('VaultEncryptionError', message, { cause: error });
    }
  }

  async function vaultVersion(ref: VaultRef): Promise<string> {
    const { mount, path } = kvPlace(ref.path, vault.kvMount);
    const metadata = await vault.read<KvMetadata>(`${mount}/metadata/${path}`);
    const current = metadata?.current_version ?? 0;
    const version = metadata?.versions?.[String(current)];
    if (version === undefined || version.destroyed || version.deletion_time) {
      throw notFound(ref, 'there is nothing at this path');
    }
    // The time as well: a secret that was destroyed and written anew counts from 1 again.
    return `${current}@${version.created_time}`;
  }

  async function envVersion(name: string): Promise<string> {
    const key = await once('fingerprint key', options.fingerprintKey);
    return createHmac('sha256', key).update(envValue(name)).digest('hex');
  }

  return {
    async resolve(ref, { signal } = {}) {
      if (ref.from === 'env') return envValue(ref.name);
      return await untilCancelled(
        once(`value ${formatSecretRef(ref)}`, () => vaultValue(ref)),
        signal,
      );
    },
    async version(ref, { signal } = {}) {
      const work = once(`version ${formatSecretRef(ref)}`, () =>
        ref.from === 'env' ? envVersion(ref.name) : vaultVersion(ref),
      );
      return await untilCancelled(work, signal);
    },
  };
}

interface KvMetadata {
  readonly current_version: number;
  readonly versions?: Readonly<
    Record<
      string,
      { readonly created_time: string; readonly deletion_time: string; readonly destroyed: boolean }
    >
  >;
}

/**
 * Mount and path of a KV v2 secret: `secret/data/a/b` (as the HTTP API has it) and `secret/a/b` (as the CLI has it)
 * are the same place. Another mount than ours is what stands before `/data/`, else the first segment.
 */
export function kvPlace(path: string, kvMount: string): { mount: string; path: string } {
  const plain = path.replace(/^\/+|\/+$/g, '');
  if (plain.startsWith(`${kvMount}/`)) {
    return { mount: kvMount, path: plain.slice(kvMount.length + 1).replace(/^data\//, '') };
  }
  const other = /^(.+?)\/data\/(.+)$/.exec(plain) ?? /^([^/]+)\/(.+)$/.exec(plain);
  return { mount: other?.[1] ?? plain, path: other?.[2] ?? '' };
}

function notFound(ref: SecretRef, why: string): TenantryError {
  return new TenantryError('SecretNotFound', `${formatSecretRef(ref)} is not there: ${why}`);
}

/** One piece of work per key; a failed one may be tried again. */
function rememberPromises(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = known.get(key);
    if (before !== undefined) return before as Promise<T>;
    const promise = work();
    known.set(key, promise);
    promise.catch(() => known.delete(key));
    return promise;
  };
}
