/** Functions of the provider: they read metadata and never a secret. */
import * as pulumi from '@pulumi/pulumi';

export interface GetCredentialArgs {
  /** Name of the tenant. */
  readonly tenant: string;
  /** Id of the integration, e.g. `notion`. */
  readonly integration: string;
}

export interface GetCredentialResult {
  /** True when a token is there and can be read. */
  readonly connected: boolean;
  /** Version that brought the token; `0` when there is none. */
  readonly tokenVersion: string;
  /**
   * False when the token may be plain text still. Then the Credential resource encrypts it, which gives it another
   * version: take `tokenVersion` from the resource and not from here.
   */
  readonly encrypted: boolean;
  /**
   * True when Airbyte's source was given a token of this credential: it is there, and stays as it is when the tenant
   * disconnects.
   */
  readonly hasSource: boolean;
}

/** Tells whether a tenant's credential is there, without reading it. One that is not there is no error. */
export async function getCredential(
  args: GetCredentialArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetCredentialResult> {
  return await pulumi.runtime.invoke('tenantry:index:getCredential', { ...args }, opts);
}

export interface GetSecretVersionArgs {
  /** `${VAULT:path:key}` or `${ENV:NAME}`. */
  readonly reference: string;
}

export interface GetSecretVersionResult {
  /** Changes when the secret does, and says nothing about it. */
  readonly version: string;
}

/**
 * The version of a secret, without the secret.
 * @throws SecretNotFound when the reference leads to nothing
 */
export async function getSecretVersion(
  args: GetSecretVersionArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetSecretVersionResult> {
  return await pulumi.runtime.invoke('tenantry:index:getSecretVersion', { ...args }, opts);
}
