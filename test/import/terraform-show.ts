/** Makes the output of `terraform show -json`. */

export interface ShownResource {
  readonly type: string;
  readonly name?: string;
  /** Key of for_each. */
  readonly key?: string | number;
  /** Path of the module, e.g. `module.tenant["acme"]`. */
  readonly module?: string;
  readonly mode?: 'managed' | 'data';
  readonly values: object;
  readonly sensitive?: object;
}

export function shown(resources: readonly ShownResource[], more: object = {}): string {
  return JSON.stringify({
    format_version: '1.0',
    terraform_version: '1.9.5',
    values: {
      root_module: {
        resources: resources.filter(({ module }) => !module).map(resourceJson),
        child_modules: modules(resources),
      },
    },
    ...more,
  });
}

export function addressOf({ type, name = 'this', key, module }: ShownResource): string {
  const index = key === undefined ? '' : `[${JSON.stringify(key)}]`;
  return `${module === undefined ? '' : `${module}.`}${type}.${name}${index}`;
}

function modules(resources: readonly ShownResource[]): object[] {
  const byModule = Map.groupBy(resources, ({ module }) => module);
  byModule.delete(undefined);
  return [...byModule].map(([address, items]) => ({ address, resources: items.map(resourceJson) }));
}

function resourceJson(resource: ShownResource): object {
  const { type, name = 'this', key, mode = 'managed', values, sensitive } = resource;
  return {
    address: addressOf(resource),
    mode,
    type,
    name,
    ...(key === undefined ? {} : { index: key }),
    provider_name: 'registry.terraform.io/airbytehq/airbyte',
    schema_version: 0,
    values,
    sensitive_values: sensitive ?? {},
  };
}
