/** Reads what Terraform keeps: `terraform show -json` of a state or a plan, or the state file itself. */
import { TenantryError } from '../errors.ts';
import { isObject, type JsonObject, objectAt, textAt } from './json.ts';
import type { Path } from './ledger.ts';

/** One object that Terraform made, or will make. */
export interface Instance {
  /** e.g. `module.tenant["acme"].airbyte_source_notion.this` */
  readonly address: string;
  readonly type: string;
  /** Name of the block, e.g. `this`. */
  readonly name: string;
  /** Keys of for_each on the way to it, the outermost first. */
  readonly keys: readonly string[];
  readonly values: JsonObject;
  /** True for what Terraform holds to be secret. */
  isSensitive(path: Path): boolean;
}

export interface TerraformInput {
  readonly instances: readonly Instance[];
  /** Addresses of data sources: they are read and not managed. */
  readonly dataSources: readonly string[];
  /** True for a plan of objects that are not there yet. */
  readonly planned: boolean;
  /** Top-level members that hold no resource. */
  readonly rest: readonly string[];
}

/** Members of the JSON output that are Terraform's own (Terraform, "JSON Output Format"). */
const OWN_MEMBERS = new Set([
  'format_version',
  'terraform_version',
  'values',
  'planned_values',
  'prior_state',
  'resource_changes',
  'resource_drift',
  'relevant_attributes',
  'output_changes',
  'configuration',
  'variables',
  'checks',
  'timestamp',
  'applyable',
  'complete',
  'errored',
  'deferred_changes',
  'provider_format_version',
  'version',
  'serial',
  'lineage',
  'outputs',
  'resources',
  'check_results',
  'encrypted_data',
  'encryption_version',
  'meta',
]);

/**
 * @throws InvalidUsage for what is no such file, or of a format that is newer than what is known: an attribute could
 *   then mean something else
 */
export function readTerraform(file: string, parsed: unknown): TerraformInput {
  if (!isObject(parsed)) throw notTerraform(file);
  const rest = Object.keys(parsed).filter((key) => !OWN_MEMBERS.has(key));
  if (typeof parsed['format_version'] === 'string') {
    requireVersion(file, 'format_version', parsed['format_version'], /^[01]\.\d+$/);
    return { ...readShown(file, parsed), rest };
  }
  if (typeof parsed['version'] === 'number' && Array.isArray(parsed['resources'])) {
    requireVersion(file, 'version', String(parsed['version']), /^4$/);
    return { ...readStateFile(parsed['resources']), planned: false, rest };
  }
  if ('encrypted_data' in parsed) {
    throw new TenantryError('InvalidUsage', `${file} is an encrypted state`, {
      hint: 'pass the output of `tofu show -json`',
    });
  }
  throw notTerraform(file);
}

function notTerraform(file: string): TenantryError {
  return new TenantryError('InvalidUsage', `${file} is no state or plan of Terraform as JSON`, {
    hint: 'pass the output of `terraform show -json` (for a plan: `terraform show -json plan.out`), or terraform.tfstate',
  });
}

function requireVersion(file: string, member: string, found: string, known: RegExp): void {
  if (known.test(found)) return;
  throw new TenantryError('InvalidUsage', `${file} has ${member} ${found}, which is not known here`, {
    hint: 'pass the output of `terraform show -json` of Terraform 0.12 to 1.x or OpenTofu',
  });
}

type Found = Pick<TerraformInput, 'instances' | 'dataSources'>;

/** A plan tells of what is there in `prior_state`; only where that is empty it tells of what will be. */
function readShown(file: string, shown: JsonObject): Omit<TerraformInput, 'rest'> {
  const states = [
    { values: shown['values'], planned: false },
    { values: objectAt(shown, 'prior_state')?.['values'], planned: false },
    { values: shown['planned_values'], planned: true },
  ].filter(({ values }) => isObject(values));
  for (const { values, planned } of states) {
    const root = objectAt(values as JsonObject, 'root_module');
    if (!root) continue;
    const found = moduleInstances(root);
    if (found.instances.length > 0) return { ...found, planned };
  }
  if (states.length > 0) return { instances: [], dataSources: [], planned: false };
  throw new TenantryError('InvalidUsage', `${file} holds neither a state nor a plan: it has no "values"`, {
    hint: 'the state is empty, or the file is not complete; run `terraform show -json` again',
  });
}

function moduleInstances(root: JsonObject): Found {
  const instances: Instance[] = [];
  const dataSources: string[] = [];
  const modules: JsonObject[] = [root];
  for (let module = modules.pop(); module; module = modules.pop()) {
    for (const resource of listOf(module['resources'])) {
      const address = textAt(resource, 'address') ?? '';
      if (resource['mode'] === 'data') dataSources.push(address);
      else instances.push(shownInstance(address, resource));
    }
    modules.push(...listOf(module['child_modules']));
  }
  return { instances: instances.sort(byAddress), dataSources: dataSources.sort() };
}

function shownInstance(address: string, resource: JsonObject): Instance {
  const sensitive = resource['sensitive_values'];
  return {
    address,
    type: textAt(resource, 'type') ?? '',
    name: textAt(resource, 'name') ?? '',
    keys: keysOf(address),
    values: objectAt(resource, 'values') ?? {},
    isSensitive: (path) => isMarked(sensitive, path),
  };
}

/** Marked are a value and everything below it. */
function isMarked(marks: unknown, path: Path): boolean {
  let node = marks;
  for (const key of path) {
    if (node === true) return true;
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return false;
    node = (node as Record<string | number, unknown>)[key];
  }
  return node === true;
}

/** State file of version 4, which Terraform 0.12 and later and OpenTofu write. */
function readStateFile(resources: readonly unknown[]): Found {
  const instances: Instance[] = [];
  const dataSources: string[] = [];
  for (const resource of listOf(resources)) {
    const [type = '', name = ''] = [textAt(resource, 'type'), textAt(resource, 'name')];
    const module = textAt(resource, 'module');
    const base = `${module === undefined ? '' : `${module}.`}${type}.${name}`;
    for (const instance of listOf(resource['instances'])) {
      const key = instance['index_key'];
      const address = key === undefined || key === null ? base : `${base}[${JSON.stringify(key)}]`;
      if (resource['mode'] === 'data') dataSources.push(`data.${address}`);
      else {
        const marks = sensitivePaths(instance['sensitive_attributes']);
        instances.push({
          address,
          type,
          name,
          keys: keysOf(address),
          values: objectAt(instance, 'attributes') ?? {},
          isSensitive: (path) => marks.some((mark) => mark.every((part, at) => part === path[at])),
        });
      }
    }
  }
  return { instances: instances.sort(byAddress), dataSources: dataSources.sort() };
}

/** Each path is a list of steps: `{type: get_attr, value: name}` or `{type: index, value: {value, type}}`. */
function sensitivePaths(value: unknown): Path[] {
  if (!Array.isArray(value)) return [];
  return value.filter(Array.isArray).map((steps: unknown[]) =>
    steps.filter(isObject).map((step) => {
      const at = isObject(step['value']) ? step['value']['value'] : step['value'];
      return typeof at === 'number' ? at : String(at);
    }),
  );
}

function keysOf(address: string): string[] {
  return [...address.matchAll(/\[("(?:[^"\\]|\\.)*")\]/g)].map(([, quoted = '""']) => unquoted(quoted));
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function byAddress(a: Instance, b: Instance): number {
  return a.address < b.address ? -1 : Number(a.address > b.address);
}
