/** Replaces the references of the graph by outputs of Pulumi. */
import type * as pulumi from '@pulumi/pulumi';
import type { Ref, VersionOf } from '../../plan/graph.ts';
import type { SecretRef } from '../../spec/secret-ref.ts';

/** Where references lead. */
export interface References {
  output(id: string, name: string): pulumi.Input<unknown>;
  version(secret: SecretRef): pulumi.Input<string>;
}

/** Inputs as a registration takes them: what is known stays plain, each reference is an output. */
export function lift(inputs: unknown, references: References): unknown {
  if (inputs === null || typeof inputs !== 'object') return inputs;
  if (Array.isArray(inputs)) return inputs.map((item) => lift(item, references));
  if ('$ref' in inputs) return references.output((inputs as Ref).$ref, (inputs as Ref).output);
  if ('$version' in inputs) return references.version((inputs as VersionOf).$version);
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, lift(value, references)]));
}
