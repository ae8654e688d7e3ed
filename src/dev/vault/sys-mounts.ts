/** `sys/mounts` and `sys/auth`: listing, adding, removing and tuning engines. */
import { boolField, durationField, mapField, stringField, stringMapField } from './fields.ts';
import type { MountRequest, Mounts, MountTable } from './mounts.ts';
import { badRequest, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import { type Mount, systemMaxTtl } from './state.ts';
import { vaultVersion } from './version.ts';

const builtin: Readonly<Record<string, string>> = {
  jwt: 'v0.25.0+builtin',
  kubernetes: 'v0.23.1+builtin',
  kv: 'v0.25.0+builtin',
};

function describe(table: MountTable, mount: Mount): Record<string, unknown> {
  const isAuth = table === 'auths';
  const isSystem = mount.type === 'system';
  return {
    accessor: isAuth ? `auth_${mount.accessor}` : mount.accessor,
    config: {
      default_lease_ttl: mount.defaultLeaseTtl,
      force_no_cache: false,
      max_lease_ttl: mount.maxLeaseTtl,
      ...(isAuth ? { token_type: 'default-service' } : {}),
      ...(isSystem ? { passthrough_request_headers: ['Accept'] } : {}),
    },
    ...(isSystem || mount.type === 'token' ? {} : { deprecation_status: 'supported' }),
    description: mount.description,
    external_entropy_access: false,
    local: false,
    options: mount.options,
    plugin_version: '',
    running_plugin_version: builtin[mount.type] ?? `v${vaultVersion}+builtin.vault`,
    running_sha256: '',
    seal_wrap: isSystem,
    type: mount.type,
    uuid: mount.uuid,
  };
}

function tuning(table: MountTable, mount: Mount): VaultResponse {
  return {
    data: {
      default_lease_ttl: mount.defaultLeaseTtl || systemMaxTtl,
      description: mount.description,
      force_no_cache: false,
      max_lease_ttl: mount.maxLeaseTtl || systemMaxTtl,
      ...(table === 'auths' ? { token_type: 'default-service' } : {}),
      ...(mount.options === null ? {} : { options: mount.options }),
    },
  };
}

function pathOf(call: RouteCall): string {
  return `${call.params.path ?? ''}/`;
}

function requestOf(call: RouteCall): MountRequest {
  const config = mapField(call.data, 'config') ?? {};
  for (const flag of ['local', 'seal_wrap', 'external_entropy_access']) {
    if (boolField(call.data, flag) && flag !== 'local') {
      throw badRequest(`the development Vault does not support ${flag}`);
    }
  }
  return {
    type: stringField(call.data, 'type') ?? '',
    description: stringField(call.data, 'description') ?? '',
    options: stringMapField(call.data, 'options'),
    defaultLeaseTtl: durationField(config, 'default_lease_ttl') ?? 0,
    maxLeaseTtl: durationField(config, 'max_lease_ttl') ?? 0,
  };
}

function tune(mount: Mount, call: RouteCall, changed: () => void): undefined {
  const { data } = call;
  const options = stringMapField(data, 'options');
  if (options?.version !== undefined && options.version !== mount.options?.version) {
    throw badRequest('the development Vault cannot change the version of a kv mount');
  }
  const defaultLeaseTtl = durationField(data, 'default_lease_ttl') ?? mount.defaultLeaseTtl;
  const maxLeaseTtl = durationField(data, 'max_lease_ttl') ?? mount.maxLeaseTtl;
  mount.description = stringField(data, 'description') ?? mount.description;
  mount.defaultLeaseTtl = defaultLeaseTtl;
  mount.maxLeaseTtl = maxLeaseTtl;
  changed();
}

function tableRoutes(table: MountTable, mounts: () => Mounts, changed: () => void): readonly Route[] {
  const base = table === 'mounts' ? 'mounts' : 'auth';
  const missing = (call: RouteCall): string =>
    table === 'mounts' ? `No secret engine mount at ${pathOf(call)}` : `No auth engine at ${pathOf(call)}`;
  const need = (call: RouteCall, message: string): Mount => {
    const mount = mounts().table(table).get(pathOf(call));
    if (mount === undefined) throw badRequest(message);
    return mount;
  };
  const sysview = (call: RouteCall): string =>
    `cannot fetch sysview for path "${table === 'auths' ? 'auth/' : ''}${pathOf(call)}"`;
  const all = (): VaultResponse => ({
    data: Object.fromEntries(
      [...mounts().table(table)].map(([path, mount]) => [path, describe(table, mount)]),
    ),
  });
  return [
    { pattern: new RegExp(`^${base}$`), operations: { read: all } },
    {
      pattern: new RegExp(`^${base}/(?<path>.+)/tune$`),
      operations: {
        read: (call) => tuning(table, need(call, sysview(call))),
        update: (call) => tune(need(call, sysview(call)), call, changed),
      },
    },
    {
      pattern: new RegExp(`^${base}/(?<path>.*[^/])/?$`),
      operations: {
        read: (call) => ({ data: describe(table, need(call, missing(call))) }),
        update: (call) => {
          mounts().add(table, pathOf(call), requestOf(call));
          return undefined;
        },
        delete: (call) => {
          mounts().remove(table, pathOf(call));
          return undefined;
        },
      },
    },
  ];
}

/** `mounts` comes late: the system engine is itself a mount. */
export function mountRoutes(mounts: () => Mounts, changed: () => void): readonly Route[] {
  return [...tableRoutes('mounts', mounts, changed), ...tableRoutes('auths', mounts, changed)];
}
