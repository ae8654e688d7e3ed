/** What the plan needs to know of the systems: names and modes, never an address that is only dialled or a secret. */
import type { SyncRunner } from '../spec/syncs.ts';

export interface TenantAuthSettings {
  readonly method: 'approle' | 'kubernetes' | 'jwt';
  readonly mount: string;
  /** e.g. `1h` */
  readonly tokenTtl: string;
  readonly boundServiceAccountNamespaces?: readonly string[] | undefined;
  readonly boundServiceAccountNames?: readonly string[] | undefined;
  readonly boundAudiences?: readonly string[] | undefined;
  readonly userClaim: string;
  readonly tenantClaim: string;
}

/** An audit device as Vault's API takes it. */
export interface AuditSettings {
  readonly path: string;
  readonly type: 'file' | 'syslog';
  readonly options: Readonly<Record<string, string>>;
}

export interface PlanSettings {
  readonly kvMount: string;
  readonly transitMount: string;
  readonly tenantAuth?: TenantAuthSettings | undefined;
  readonly audit: readonly AuditSettings[];
  readonly database: string;
  /** Postgres as Airbyte reaches it. */
  readonly destination: {
    readonly host: string;
    readonly port: number;
    readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require';
  };
  /** Id of the one workspace for all tenants; without it each tenant has its own. */
  readonly sharedWorkspaceId?: string | undefined;
  readonly organizationId?: string | undefined;
  /** Base of the connect links, where the stack has a sidecar. */
  readonly sidecarUrl?: string | undefined;
  /** Page below which anybody may connect; only `tenantry dev` has one. */
  readonly connectPage?: string | undefined;
  /** Who runs syncs on schedule. Default Airbyte. */
  readonly syncRunner?: SyncRunner | undefined;
}
