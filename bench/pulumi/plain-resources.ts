/** What a plain program registers: the resources of a deployment, as data, with the same references between them. */
import type { Deployment, StateResource } from './state.ts';

/** An output of an earlier resource of the list. */
export interface OutputOf {
  readonly $from: string;
  readonly output: string;
}

export interface PlainResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** False for a component. */
  readonly custom: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of outputs that are no inputs. */
  readonly outputs: readonly string[];
  readonly dependsOn: readonly string[];
  readonly parent?: string | undefined;
  readonly provider?: string | undefined;
  readonly additionalSecretOutputs?: readonly string[] | undefined;
}

/** Marks a value of Pulumi's that is kept for something else than what it looks like (sdk/nodejs/runtime/rpc.ts). */
const SIGNATURE = '4dabf18193072939515e22adb298388d';

/**
 * @param moved addresses, ports and logins of the systems that the deployment was made on, and of those that the plain
 *   program is to use
 */
export function plainResources(
  { resources }: Deployment,
  moved: ReadonlyMap<string, string>,
): readonly PlainResource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const plain = resources
    .filter(({ type }) => type !== 'pulumi:pulumi:Stack')
    .map((resource) => plainResource(resource, byUrn));
  let text = JSON.stringify(plain);
  for (const [from, to] of moved) text = text.replaceAll(from, to);
  return JSON.parse(text) as PlainResource[];
}

function plainResource(resource: StateResource, byUrn: ReadonlyMap<string, StateResource>): PlainResource {
  const inputs = Object.entries(resource.inputs ?? {})
    .filter(([name]) => !name.startsWith('__'))
    .map(([name, value]): [string, unknown] => {
      const from = (resource.propertyDependencies?.[name] ?? []).flatMap((urn) => byUrn.get(urn) ?? []);
      return [name, withReferences(withSecrets(value), from)];
    });
  const outputs = Object.keys(resource.outputs ?? {}).filter((name) => !(name in (resource.inputs ?? {})));
  const isStack = resource.parent?.includes('::pulumi:pulumi:Stack::') ?? true;
  return {
    urn: resource.urn,
    type: resource.type,
    name: resource.urn.split('::').at(-1) ?? '',
    custom: resource.custom,
    inputs: Object.fromEntries(inputs),
    outputs,
    dependsOn: resource.dependencies ?? [],
    parent: isStack ? undefined : resource.parent,
    provider: resource.provider?.slice(0, resource.provider.lastIndexOf('::')),
    additionalSecretOutputs: resource.additionalSecretOutputs,
  };
}

/** `{$secret: …}` in the place of what the state writes for a secret. */
function withSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSecrets);
  if (value === null || typeof value !== 'object') return value;
  if (SIGNATURE in value)
    return { $secret: JSON.parse((value as { plaintext?: string }).plaintext ?? 'null') };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withSecrets(item)]));
}

/** Texts that are outputs of a resource that the property depends on become references to it. */
function withReferences(value: unknown, from: readonly StateResource[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, from));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withReferences(item, from)]));
  }
  if (typeof value !== 'string' || value === '') return value;
  for (const { urn, id, outputs = {} } of from) {
    const output = Object.keys(outputs).find((name) => outputs[name] === value);
    if (output !== undefined) return { $from: urn, output } satisfies OutputOf;
    if (id === value) return { $from: urn, output: 'id' } satisfies OutputOf;
  }
  return value;
}
