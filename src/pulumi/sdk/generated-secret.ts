/** `tenantry:index:GeneratedSecret`: a random value that is made once and kept in Vault, e.g. a loader's password. */
import type * as pulumi from '@pulumi/pulumi';
import { type DeletionPolicy, type OwnedArgs, OwnedResource } from './resource.ts';

export interface GeneratedSecretArgs extends OwnedArgs {
  /** Path below the KV mount, e.g. `_platform/postgres/acme`. Another path is another secret (replacement). */
  readonly path: pulumi.Input<string>;
  /** Field that holds the value. Cannot be changed (replacement). */
  readonly field: pulumi.Input<string>;
  /** Tenant that it belongs to. Cannot be changed (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** What becomes of the value when the resource goes. Default Retain. */
  readonly deletion?: pulumi.Input<DeletionPolicy> | undefined;
}

/** Id and import id: path and field, e.g. `_platform/postgres/acme:password`. */
export class GeneratedSecret extends OwnedResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly field: pulumi.Output<string>;
  declare readonly tenant: pulumi.Output<string>;
  declare readonly deletion: pulumi.Output<DeletionPolicy>;
  /** Version and its time, e.g. `1@2026-01-01T00:00:00Z`; changes with the value. */
  declare readonly version: pulumi.Output<string>;
  /** The value: a Pulumi secret, so the state holds it encrypted. */
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, args: GeneratedSecretArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:GeneratedSecret', name, { args, outputs: ['version', 'value'] }, opts);
  }
}
