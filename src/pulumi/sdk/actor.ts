/** Arguments of sources and destinations, which differ in nothing else but the side that they stand on. */
import type * as pulumi from '@pulumi/pulumi';
import { type AdoptingArgs, OwnedResource } from './resource.ts';

/** A configuration as Airbyte's connector takes it. */
export type ConfigurationInput =
  | string
  | number
  | boolean
  | null
  | pulumi.Output<unknown>
  | Promise<unknown>
  | readonly ConfigurationInput[]
  | { readonly [key: string]: ConfigurationInput };

export interface ActorArgs extends AdoptingArgs {
  /** Name in Airbyte, without the mark. Another name renames it in place. */
  readonly name: pulumi.Input<string>;
  /** Name of the tenant. Cannot be changed (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** Workspace of Airbyte. Cannot be changed (replacement). */
  readonly workspaceId: pulumi.Input<string>;
  /**
   * Settings of the connector, with `sourceType` or `destinationType`, which cannot be changed (replacement). Secrets are
   * references, `${VAULT:path:key}` or `${ENV:NAME}`, with text before them if need be (`Bearer ${…}`). They are read
   * when the configuration is sent, and are in no state.
   */
  readonly configuration: pulumi.Input<{ readonly [key: string]: ConfigurationInput }>;
  /**
   * Versions of the secrets in the configuration: when they change, it is sent anew. Default: the provider asks Vault
   * at each preview.
   */
  readonly secretVersion?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
  /** Optional settings that must not be there, each as a path of keys. Default none. */
  readonly absent?: pulumi.Input<readonly pulumi.Input<readonly pulumi.Input<string>[]>[]> | undefined;
  /**
   * Path below the KV mount in whose metadata the version of what was sent is recorded: of the credential
   * (`acme/notion`) or of the generated secret. It must be there.
   */
  readonly recordPath: pulumi.Input<string>;
}

export abstract class Actor extends OwnedResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly tenant: pulumi.Output<string>;
  declare readonly workspaceId: pulumi.Output<string>;
  declare readonly configuration: pulumi.Output<Readonly<Record<string, unknown>>>;
  declare readonly secretVersion: pulumi.Output<readonly string[] | undefined>;
  declare readonly absent: pulumi.Output<readonly (readonly string[])[] | undefined>;
  declare readonly recordPath: pulumi.Output<string>;
  /** Versions of the secrets that Airbyte was last given, as one text; empty when it never was. */
  declare readonly appliedVersion: pulumi.Output<string>;
}
