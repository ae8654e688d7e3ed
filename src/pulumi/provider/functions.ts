/** Functions of the provider: they read metadata and never hand out a secret. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { World } from '../../resources/kind.ts';
import { claim } from '../../resources/vault/claim.ts';
import { credential } from '../../resources/vault/credential.ts';
import { documentName } from '../../spec/names.ts';
import { parseSecretRef, secretRef } from '../../spec/secret-ref.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { isSettled } from './kinds/credential.ts';
import type { OutputSchema } from './resource-type.ts';
import { isOurs, SHARED_KINDS, type SharedObject } from './shared.ts';
import { pulumiOwner } from './urn.ts';
import type { Properties } from './wire.ts';

export interface ProviderFunction {
  readonly token: string;
  readonly description: string;
  readonly inputs: z.ZodObject<z.ZodRawShape, z.core.$strict>;
  readonly outputs: Readonly<Record<string, OutputSchema>>;
  /** @param args checked */
  call(args: Properties, world: World): Promise<Properties>;
}

const getCredential: ProviderFunction = {
  token: 'tenantry:index:getCredential',
  description: 'Tells whether a tenant’s credential is there, without reading it.',
  inputs: z.strictObject({
    tenant: documentName.describe('Name of the tenant.'),
    integration: documentName.describe('Id of the integration, e.g. notion.'),
  }),
  outputs: {
    connected: { type: 'boolean', description: 'True when a token is there and can be read.' },
    tokenVersion: { type: 'string', description: 'Version that brought the token; 0 when there is none.' },
    encrypted: {
      type: 'boolean',
      description:
        'False when the token may be plain text still; the Credential resource encrypts it, which gives it another version.',
    },
    hasSource: {
      type: 'boolean',
      description:
        'True when a source was given a token of this credential: it stays when the tenant disconnects.',
    },
  },
  async call(args, world) {
    const { tenant, integration } = args as { tenant: string; integration: string };
    const observed = await credential.observe({ tenant, integration, deletion: 'Retain' }, world);
    return {
      connected: observed?.connected ?? false,
      tokenVersion: observed?.tokenVersion ?? '0',
      encrypted: observed === undefined || isSettled(observed),
      hasSource: (observed?.appliedSource ?? '') !== '',
    };
  },
};

const getSecretVersion: ProviderFunction = {
  token: 'tenantry:index:getSecretVersion',
  description: 'The version of a secret: changes when the secret does, and says nothing about it.',
  inputs: z.strictObject({ reference: secretRef }),
  outputs: { version: { type: 'string', description: 'Differs whenever the secret differs.' } },
  async call({ reference }, world) {
    const secret = parseSecretRef(String(reference));
    if (!secret) throw new TenantryError('InvalidUsage', 'this is no reference to a secret');
    return { version: await world.secrets.version(secret, world) };
  },
};

const getShared: ProviderFunction = {
  token: 'tenantry:index:getShared',
  description:
    'Tells whether an object that all tenants share (a mount, an auth method, an audit device, the policy of the sidecar) is the stack’s to make.',
  inputs: z.strictObject({
    project: z.string().describe('Name of the Pulumi project.'),
    stack: z.string().describe('Name of the Pulumi stack.'),
    kind: z.enum(SHARED_KINDS).describe('Type of the kind, e.g. vault:mount.'),
    name: z.string().describe('Name for people, e.g. secret.'),
    inputs: z.record(z.string(), z.unknown()).describe('Inputs of the kind.'),
  }),
  outputs: {
    ours: {
      type: 'boolean',
      description:
        'True when it is not there, or carries the mark of the stack; false when another made it, and it is as wanted.',
    },
  },
  async call(args, world) {
    const { project, stack, ...object } = args as unknown as SharedObject & Parameters<typeof pulumiOwner>[0];
    return { ours: await isOurs(object, { ...world, owner: pulumiOwner({ project, stack }) }) };
  },
};

const getClaim: ProviderFunction = {
  token: 'tenantry:index:getClaim',
  description: 'Tells which driver instance a tenant belongs to.',
  inputs: z.strictObject({ tenant: documentName.describe('Name of the tenant.') }),
  outputs: {
    owner: {
      type: 'string',
      description: 'e.g. pulumi:tenantry/dev; empty when nobody has claimed the tenant.',
    },
  },
  async call(args, world) {
    const { tenant } = args as { tenant: string };
    const observed = await claim.observe({ tenant, deletion: 'Retain', transitKey: tenant }, world);
    return { owner: observed?.mark?.owner ?? '' };
  },
};

const all: readonly ProviderFunction[] = [getCredential, getSecretVersion, getShared, getClaim];

export const providerFunctions: ReadonlyMap<string, ProviderFunction> = new Map(
  all.map((each) => [each.token, each]),
);

/** @throws InvalidUsage when the provider has no such function */
export function providerFunction(token: string): ProviderFunction {
  const found = providerFunctions.get(token);
  if (found) return found;
  const meant = didYouMean(token, providerFunctions.keys());
  throw new TenantryError('InvalidUsage', `there is no function ${token}${meant}`, {
    hint: `the functions are ${[...providerFunctions.keys()].join(', ')}`,
  });
}
