/** The `sys/` endpoints: health, seal status, audit devices, and the routes of mounts and policies. */
import type { AuditLog } from './audit.ts';
import { boolField, stringField, stringMapField } from './fields.ts';
import type { Mounts } from './mounts.ts';
import type { PolicyStore } from './policies.ts';
import { badRequest, type RequestData, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type Route, type RouteCall } from './routes.ts';
import type { Storage } from './storage.ts';
import { mountRoutes } from './sys-mounts.ts';
import { policyAndCapabilityRoutes } from './sys-policies.ts';
import type { TokenStore } from './tokens.ts';
import { vaultVersion } from './version.ts';

/** What the system endpoints reach. */
export interface SystemContext {
  readonly storage: Storage;
  readonly now: () => number;
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
  readonly audit: AuditLog;
  readonly mounts: () => Mounts;
  readonly seal: () => void;
}

function status(data: RequestData, name: string, otherwise: number): number {
  const wanted = Number(stringField(data, name) ?? otherwise);
  return Number.isInteger(wanted) && wanted >= 200 && wanted <= 599 ? wanted : otherwise;
}

/** Answered without a token, also when sealed. */
export function health(context: SystemContext, sealed: boolean, data: RequestData): VaultResponse {
  const { state } = context.storage;
  const replication = sealed ? 'unknown' : 'disabled';
  return {
    status: sealed ? status(data, 'sealedcode', 503) : status(data, 'activecode', 200),
    bare: {
      initialized: true,
      sealed,
      standby: sealed,
      performance_standby: false,
      replication_performance_mode: replication,
      replication_dr_mode: replication,
      server_time_utc: Math.floor(context.now() / 1000),
      version: vaultVersion,
      enterprise: false,
      ...(sealed ? {} : { cluster_name: state.clusterName, cluster_id: state.clusterId }),
      echo_duration_ms: 0,
      clock_skew_ms: 0,
      replication_primary_canary_age_ms: 0,
    },
  };
}

/** Answered without a token, also when sealed. */
export function sealStatus(context: SystemContext, sealed: boolean): VaultResponse {
  const { state } = context.storage;
  return {
    bare: {
      type: 'shamir',
      initialized: true,
      sealed,
      t: 1,
      n: 1,
      progress: 0,
      nonce: '',
      version: vaultVersion,
      build_date: new Date(state.initializedAt).toISOString(),
      migration: false,
      ...(sealed ? {} : { cluster_name: state.clusterName, cluster_id: state.clusterId }),
      recovery_seal: false,
      storage_type: 'inmem',
    },
  };
}

function enableAudit(audit: AuditLog, call: RouteCall): undefined {
  const { data } = call;
  const path = `${call.params.path ?? ''}/`;
  const type = stringField(data, 'type') ?? '';
  const options = stringMapField(data, 'options') ?? {};
  const filePath = options.file_path ?? options.path ?? '';
  if (type !== 'file') throw badRequest(`unknown backend type: "${type}": invalid configuration`);
  if (audit.devices.has(path)) throw badRequest('path already in use: invalid configuration');
  if (filePath === '') {
    throw badRequest('unable to create new audit backend: "file_path" is required: invalid configuration');
  }
  if (filePath === 'stdout') throw badRequest('the development Vault does not audit to stdout');
  if (boolField(options, 'log_raw') || (options.format ?? 'json') !== 'json') {
    throw badRequest('the development Vault audits hashed JSON only');
  }
  try {
    audit.enable(path, filePath, stringField(data, 'description') ?? '');
  } catch (error) {
    throw badRequest(
      `sanity check failed; unable to open "${filePath}" for writing: ${(error as Error).message}`,
    );
  }
}

function auditRoutes(audit: AuditLog): readonly Route[] {
  const list = (): VaultResponse => ({
    data: Object.fromEntries(
      [...audit.devices].map(([path, device]) => [
        path,
        {
          description: device.description,
          local: false,
          options: { file_path: device.filePath },
          path,
          type: device.type,
        },
      ]),
    ),
  });
  const hash = (call: RouteCall): VaultResponse => {
    const input = stringField(call.data, 'input') ?? '';
    if (input === '') throw badRequest('the "input" parameter is empty');
    const found = audit.hash(`${call.params.path ?? ''}/`, input);
    if (found === undefined) throw badRequest(`unknown audit backend "${call.params.path ?? ''}/"`);
    return { data: { hash: found } };
  };
  return [
    { pattern: /^audit$/, operations: { read: list } },
    {
      pattern: /^audit\/(?<path>.*[^/])\/?$/,
      operations: {
        update: (call) => enableAudit(audit, call),
        delete: (call) => {
          audit.disable(`${call.params.path ?? ''}/`);
          return undefined;
        },
      },
    },
    { pattern: /^audit-hash\/(?<path>.*[^/])$/, operations: { update: hash } },
  ];
}

export function systemEngine(context: SystemContext): Engine {
  return engineOf('system', [
    ...mountRoutes(context.mounts, context.storage.changed),
    ...policyAndCapabilityRoutes(context.policies, context.tokens),
    ...auditRoutes(context.audit),
    {
      pattern: /^seal$/,
      operations: {
        update: () => {
          context.seal();
          return undefined;
        },
      },
    },
  ]);
}
