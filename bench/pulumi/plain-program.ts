/** The floor: a plain program that registers a list of resources, and does nothing else. */
import { readFileSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import type { OutputOf, PlainResource } from './plain-resources.ts';

class PlainCustomResource extends pulumi.CustomResource {
  constructor({ type, name }: PlainResource, inputs: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
    super(type, name, inputs, opts);
  }
}

class PlainProvider extends pulumi.ProviderResource {
  constructor({ type, name }: PlainResource, inputs: pulumi.Inputs, opts: pulumi.ResourceOptions) {
    super(type.slice('pulumi:providers:'.length), name, inputs, opts);
  }
}

const made = new Map<string, pulumi.Resource>();

function known(urn: string): pulumi.Resource {
  const found = made.get(urn);
  if (!found) throw new Error(`${urn} comes later in the list`);
  return found;
}

function lifted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lifted);
  if (value === null || typeof value !== 'object') return value;
  if ('$secret' in value) return pulumi.secret(value.$secret);
  if ('$from' in value) {
    const { $from, output } = value as OutputOf;
    return (known($from) as unknown as Record<string, unknown>)[output];
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lifted(item)]));
}

function register(item: PlainResource): pulumi.Resource {
  const inputs = lifted(item.inputs) as pulumi.Inputs;
  const opts = {
    dependsOn: item.dependsOn.map(known),
    ...(item.parent === undefined ? {} : { parent: known(item.parent) }),
  };
  if (!item.custom) return new pulumi.ComponentResource(item.type, item.name, {}, opts);
  if (item.type.startsWith('pulumi:providers:')) return new PlainProvider(item, inputs, opts);
  for (const output of item.outputs) inputs[output] = undefined;
  return new PlainCustomResource(item, inputs, {
    ...opts,
    ...(item.provider === undefined ? {} : { provider: known(item.provider) as pulumi.ProviderResource }),
    additionalSecretOutputs: [...(item.additionalSecretOutputs ?? [])],
  });
}

const list = readFileSync(process.env['PLAIN_RESOURCES'] ?? '', 'utf8');
for (const item of JSON.parse(list) as PlainResource[]) made.set(item.urn, register(item));
