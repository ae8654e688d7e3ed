/** `pulumi:providers:tenantry`: the systems that the provider talks to, in the words of the Platform document. */
import * as pulumi from '@pulumi/pulumi';
import type { z } from 'zod';
import type { platformSpec } from '../../spec/platform.ts';

type Spec = z.input<typeof platformSpec>;

/** Every leaf may come from another resource or from the stack's configuration. */
type Deep<T> = pulumi.Input<
  T extends string | number | boolean | undefined ? T : { readonly [K in keyof T]: Deep<T[K]> }
>;

/**
 * Each part has the fields of the Platform document (`spec.vault`, `spec.airbyte`), and what is not given comes from the
 * environment as there (VAULT_ADDR, VAULT_TOKEN, AIRBYTE_URL …). A secret may be a reference, `${ENV:NAME}` or for
 * Airbyte `${VAULT:path:key}`, or a value of `config.requireSecret`.
 */
export interface ProviderArgs {
  readonly vault?: Deep<NonNullable<Spec['vault']>> | undefined;
  readonly airbyte?: Deep<NonNullable<Spec['airbyte']>> | undefined;
}

export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    super('tenantry', name, { vault: asJson(args.vault), airbyte: asJson(args.airbyte) }, opts);
  }
}

/** The engine hands a provider's configuration over as texts; a secret inside makes the whole text one. */
function asJson(part: pulumi.Input<unknown> | undefined): pulumi.Output<string> | undefined {
  return part === undefined ? undefined : pulumi.jsonStringify(part);
}
