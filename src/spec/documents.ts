/** What a loaded stack is: typed documents, each with the place it came from. */
import type { IntegrationDocument } from './integration.ts';
import type { PlatformDocument } from './platform.ts';
import type { TenantDocument } from './tenant.ts';

/** Where a document begins. */
export interface Source {
  /** File as the user named it. */
  readonly file: string;
  /** 1-based line of the document's first key. */
  readonly line: number;
  /** Kubernetes namespace of a custom resource; `file` is its kind and name then, and `line` means nothing. */
  readonly namespace?: string;
}

export type Loaded<D> = D & { readonly source: Source };

/** What can be checked of a TenantIntegration although other fields of it are wrong. */
export interface PartialIntegration {
  readonly source: Source;
  readonly spec: Pick<IntegrationDocument['spec'], 'tenant' | 'integration' | 'config'>;
}

/** All documents of one stack, valid each and together. */
export interface Documents {
  readonly platform: Loaded<PlatformDocument>;
  readonly tenants: readonly Loaded<TenantDocument>[];
  readonly integrations: readonly Loaded<IntegrationDocument>[];
}
