/** What an import has found so far: tenants, their integrations, and secrets that belong into custody. */
import type { StreamSpec } from '../spec/integration.ts';
import { looksLikeSecret } from '../spec/literal-secrets.ts';
import { tenantSpec } from '../spec/tenant.ts';
import type { Path, Scope } from './ledger.ts';

export interface TenantDraft {
  readonly name: string;
  displayName?: string;
  schema?: string;
  rotationPeriod?: string;
  workspaceId?: string;
  destinationId?: string;
  /** True when something of it exists already. */
  adopt?: boolean;
}

export interface SyncDraft {
  schedule?: string;
  streams?: StreamSpec[];
  namespace?: string;
  prefix?: string;
  schemaChanges?: string;
}

export interface IntegrationDraft {
  readonly tenant: string;
  /** Id of the catalog entry. */
  readonly integration: string;
  config: Record<string, unknown>;
  readonly sync: SyncDraft;
  sourceId?: string;
  connectionId?: string;
  suspend?: boolean;
  adopt?: boolean;
}

/** A secret of the input. `value` goes to custody or nowhere: it is in no report. */
export interface FoundCredential {
  readonly tenant: string;
  readonly integration: string;
  /** Field of the credential, e.g. `access_token`. */
  readonly field: string;
  /** Where it stands in the input. */
  readonly path: string;
  /** Plain text, or a reference; undefined where the input does not have it (Airbyte masks what it reads back). */
  readonly value?: string | undefined;
}

/** What the Platform document must say for the documents to mean what was found. */
export interface PlatformDraft {
  /** The one workspace of all tenants. */
  sharedWorkspaceId?: string;
}

export class Draft {
  readonly tenants = new Map<string, TenantDraft>();
  readonly integrations = new Map<string, IntegrationDraft>();
  readonly credentials: FoundCredential[] = [];
  readonly platform: PlatformDraft = {};
  /** What a person does next, in the order in which it is done. */
  readonly next = new Set<string>();
  /** Addresses that Terraform must forget before the first apply. */
  readonly forget: string[] = [];
  /** Addresses that Terraform may go on managing although something of them is used. */
  readonly stays = new Set<string>();

  tenant(name: string): TenantDraft {
    const found = this.tenants.get(name) ?? { name };
    this.tenants.set(name, found);
    return found;
  }

  has(tenant: string, integration: string): boolean {
    return this.integrations.has(`${tenant}/${integration}`);
  }

  integration(tenant: string, integration: string): IntegrationDraft {
    const key = `${tenant}/${integration}`;
    this.tenant(tenant);
    const found = this.integrations.get(key) ?? { tenant, integration, config: {}, sync: {} };
    this.integrations.set(key, found);
    return found;
  }
}

/** Takes over a name that people see; what looks like a live secret is told instead. */
export function nameTenant(tenant: TenantDraft, name: string, path: Path, scope: Scope): void {
  if (looksLikeSecret(name)) scope.secret(path, { reason: 'it looks like a live secret' });
  else if (!tenantSpec.shape.displayName.safeParse(name).success)
    scope.left(path, 'it is too long for a name');
  else {
    tenant.displayName = name;
    scope.mapped(path, `${tenant.name} spec.displayName`);
  }
}

/** Name of the document of an integration. */
export function integrationName({
  tenant,
  integration,
}: Pick<IntegrationDraft, 'tenant' | 'integration'>): string {
  return `${tenant}-${integration}`;
}
