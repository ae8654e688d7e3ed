/** Everything that the development Vault remembers, in one tree that can be written to a file. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { TokenEntry } from './request.ts';

/** Who wrote a version, as KV v2 records it. */
export interface KvAttribution {
  readonly actor: string;
  readonly entity_id?: string;
  readonly client_id: string;
  readonly operation: string;
}

export interface KvVersion {
  readonly createdTime: number;
  deletionTime: number | null;
  destroyed: boolean;
  /** JSON text; null once destroyed. */
  data: string | null;
  readonly createdBy: KvAttribution | null;
  deletedBy: KvAttribution | null;
}

export interface KvSecret {
  readonly versions: Map<number, KvVersion>;
  currentVersion: number;
  oldestVersion: number;
  readonly createdTime: number;
  updatedTime: number;
  /** 0 means the mount's setting. */
  maxVersions: number;
  casRequired: boolean;
  /** Seconds; 0 means the mount's setting. */
  deleteVersionAfter: number;
  customMetadata: Readonly<Record<string, string>> | null;
  lastUpdatedBy: KvAttribution | null;
}

export interface KvState {
  readonly type: 'kv';
  /** deleteVersionAfter in seconds; −1 means switched off for the whole mount. */
  readonly config: { maxVersions: number; casRequired: boolean; deleteVersionAfter: number };
  readonly secrets: Map<string, KvSecret>;
}

export interface TransitKeyVersion {
  /** Base64. */
  readonly key: string;
  /** Base64 of the separate key for HMAC. */
  readonly hmacKey: string;
  readonly createdTime: number;
}

export interface TransitKey {
  readonly type: string;
  readonly versions: Map<number, TransitKeyVersion>;
  latestVersion: number;
  minDecryptionVersion: number;
  minEncryptionVersion: number;
  deletionAllowed: boolean;
  exportable: boolean;
  allowPlaintextBackup: boolean;
  /** Seconds; 0 means never. */
  autoRotatePeriod: number;
}

export interface TransitState {
  readonly type: 'transit';
  readonly keys: Map<string, TransitKey>;
}

export interface SecretId {
  readonly secretId: string;
  readonly accessor: string;
  /** 0 means no limit. */
  numUses: number;
  /** Seconds; 0 means for ever. */
  readonly ttl: number;
  readonly createdTime: number;
  lastUpdatedTime: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the roles of all login methods have. Durations in seconds; 0 means "not set". */
export interface LoginRole {
  readonly tokenPolicies: readonly string[];
  readonly tokenTtl: number;
  readonly tokenMaxTtl: number;
  readonly tokenExplicitMaxTtl: number;
  readonly tokenPeriod: number;
  readonly tokenNumUses: number;
  readonly tokenNoDefaultPolicy: boolean;
  readonly tokenType: string;
  /** Value of the old name `policies`, which is read back only if it was used. */
  readonly legacyPolicies: readonly string[] | null;
}

export interface AppRole extends LoginRole {
  roleId: string;
  readonly entityId: string;
  bindSecretId: boolean;
  secretIdNumUses: number;
  secretIdTtl: number;
  /** Value of the old name `period`, which is read back only if it was used. */
  legacyPeriod: number;
  readonly secretIds: Map<string, SecretId>;
}

export interface AppRoleState {
  readonly type: 'approle';
  readonly roles: Map<string, AppRole>;
}

export interface JwtConfig {
  /** Either this or keys. */
  readonly jwksUrl: string;
  /** PEM. */
  readonly publicKeys: readonly string[];
  readonly boundIssuer: string;
  readonly defaultRole: string;
  readonly supportedAlgorithms: readonly string[];
}

export interface JwtRole extends LoginRole {
  readonly userClaim: string;
  readonly boundAudiences: readonly string[];
  readonly boundSubject: string;
  readonly boundClaims: Readonly<Record<string, unknown>> | null;
  readonly claimMappings: Readonly<Record<string, string>> | null;
}

export interface JwtState {
  readonly type: 'jwt';
  config: JwtConfig | null;
  readonly roles: Map<string, JwtRole>;
  /** Alias → entity id. */
  readonly entities: Map<string, string>;
}

export interface KubernetesConfig {
  readonly host: string;
  readonly caCert: string;
  readonly reviewerToken: string;
  readonly disableLocal: boolean;
  readonly disableIssuer: boolean;
}

export interface KubernetesRole extends LoginRole {
  readonly names: readonly string[];
  readonly namespaces: readonly string[];
  readonly audience: string;
  readonly aliasSource: string;
}

export interface KubernetesState {
  readonly type: 'kubernetes';
  config: KubernetesConfig | null;
  readonly roles: Map<string, KubernetesRole>;
  /** Alias → entity id. */
  readonly entities: Map<string, string>;
}

/** `system`, `token` and the like keep nothing under their mount. */
export type MountState =
  | KvState
  | TransitState
  | AppRoleState
  | JwtState
  | KubernetesState
  | { readonly type: 'none' };

export interface Mount {
  readonly type: string;
  readonly accessor: string;
  readonly uuid: string;
  description: string;
  readonly options: Readonly<Record<string, string>> | null;
  defaultLeaseTtl: number;
  maxLeaseTtl: number;
  readonly state: MountState;
}

export interface AuditDevice {
  readonly type: 'file';
  readonly description: string;
  readonly filePath: string;
  /** Base64 key of the HMAC that hides values. */
  readonly salt: string;
}

export interface VaultState {
  readonly version: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly initializedAt: number;
  rootToken: string;
  /** Path with its trailing slash → secrets engine. */
  readonly mounts: Map<string, Mount>;
  /** Path below `auth/`, with its trailing slash → auth method. */
  readonly auths: Map<string, Mount>;
  readonly policies: Map<string, string>;
  readonly tokens: Map<string, TokenEntry>;
  readonly audits: Map<string, AuditDevice>;
}

/** The system's longest lease and default lease: 32 days, as in Vault. */
export const systemMaxTtl = 2_764_800;

export function mountOf(
  type: string,
  about: { description: string; options: Mount['options'] },
  state: MountState,
): Mount {
  return {
    type,
    accessor: `${type}_${randomBytes(4).toString('hex')}`,
    uuid: randomUUID(),
    description: about.description,
    options: about.options,
    defaultLeaseTtl: 0,
    maxLeaseTtl: 0,
    state,
  };
}

export function emptyKv(): KvState {
  return {
    type: 'kv',
    config: { maxVersions: 0, casRequired: false, deleteVersionAfter: 0 },
    secrets: new Map(),
  };
}

/** What a dev-mode Vault has at its first start. */
export function initialState(now: number): VaultState {
  const system = 'system endpoints used for control, policy and debugging';
  const kv = { description: 'key/value secret storage', options: { version: '2' } };
  return {
    version: 1,
    clusterId: randomUUID(),
    clusterName: `vault-cluster-${randomBytes(4).toString('hex')}`,
    initializedAt: now,
    rootToken: '',
    mounts: new Map([
      ['secret/', mountOf('kv', kv, emptyKv())],
      ['sys/', mountOf('system', { description: system, options: null }, { type: 'none' })],
    ]),
    auths: new Map([
      [
        'token/',
        mountOf('token', { description: 'token based credentials', options: null }, { type: 'none' }),
      ],
    ]),
    policies: new Map(),
    tokens: new Map(),
    audits: new Map(),
  };
}
