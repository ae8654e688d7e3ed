/** Settings of the sidecar: the Platform document with the defaults from the environment filled in. */
import { resolveWithoutAirbyte, type Settings } from '../clients/settings.ts';
import { TenantryError } from '../errors.ts';
import type { PlatformDocument } from '../spec/platform.ts';
import { parseSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import type { SidecarSpec } from '../spec/sidecar.ts';
import { resolveCallers, resolveOidc } from './callers/settings.ts';

export type Posture = 'gateway' | 'sidecar';

export interface SidecarSettings {
  readonly backends: Settings;
  /** Why there is no Airbyte, where its settings are missing. */
  readonly withoutAirbyte?: string;
  readonly posture: Posture;
  readonly host: string;
  readonly port: number;
  /** As people reach it, without a slash at its end. */
  readonly publicUrl: string;
  /** Tenants that callers without a credential act for; only in posture sidecar. */
  readonly loopbackTenants: readonly string[];
  readonly database: { readonly user: string; readonly password: SecretRef; readonly concurrency: number };
  /** Calls for a provider's origin that go elsewhere. */
  readonly providerOrigins: Readonly<Record<string, string>>;
  /** MCP servers of the operator's own, by integration. */
  readonly mcpServers: Readonly<Record<string, string>>;
  readonly spec: SidecarSpec;
}

export interface SidecarFlags {
  readonly posture: Posture;
  readonly host?: string;
  readonly port?: number;
  readonly tenants?: readonly string[];
  /** As people reach it, whatever the document says. Default: spec.sidecar.url. */
  readonly publicUrl?: string;
}

export const USUAL_PORT = 7250;

export function sidecarSettings(
  platform: PlatformDocument,
  env: NodeJS.ProcessEnv,
  flags: SidecarFlags,
): SidecarSettings {
  const spec = platform.spec.sidecar;
  // With a login of its own it needs the other one for migrations only, which may be somebody else's work.
  const overlooked = ownUser(spec, env) === undefined ? undefined : 'spec.postgres.password';
  const { settings: backends, withoutAirbyte } = resolveWithoutAirbyte(platform, env, overlooked);
  const host = flags.host ?? (flags.posture === 'gateway' ? '0.0.0.0' : '127.0.0.1');
  if (flags.posture === 'sidecar' && !isLoopback(host)) {
    throw new TenantryError('InvalidUsage', `posture sidecar listens on loopback only, not on ${host}`, {
      hint: 'use --posture gateway to serve other machines',
    });
  }
  if (flags.posture === 'gateway' && flags.tenants && flags.tenants.length > 0) {
    throw new TenantryError('InvalidUsage', 'in posture gateway every caller has a credential', {
      hint: 'leave out --tenant, or pass --posture sidecar for a sidecar in the application’s pod',
    });
  }
  const port = flags.port ?? USUAL_PORT;
  return {
    backends,
    ...(withoutAirbyte !== undefined && { withoutAirbyte }),
    posture: flags.posture,
    host,
    port,
    publicUrl: (flags.publicUrl ?? backends.sidecarUrl ?? `http://127.0.0.1:${port}`).replace(/\/+$/, ''),
    loopbackTenants: flags.posture === 'sidecar' ? (flags.tenants ?? []) : [],
    database: databaseLogin(spec, backends, env),
    providerOrigins: { ...urlsOf('TENANTRY_PROVIDER_ORIGINS', env), ...spec.providerOrigins },
    mcpServers: { ...urlsOf('TENANTRY_MCP_SERVERS', env), ...spec.mcpServers },
    spec: {
      ...spec,
      callers: resolveCallers(spec.callers, env),
      ...(spec.oidc && { oidc: resolveOidc(spec.oidc, env) }),
    },
  };
}

function databaseLogin(
  spec: SidecarSpec,
  backends: Settings,
  env: NodeJS.ProcessEnv,
): SidecarSettings['database'] {
  const { concurrency } = spec.database;
  const user = ownUser(spec, env);
  if (user === undefined)
    return { user: backends.postgres.user, password: backends.postgres.password, concurrency };
  const password = spec.database.password
    ? parseSecretRef(spec.database.password)
    : ({ from: 'env', name: 'TENANTRY_PGPASSWORD' } as const);
  if (!password || (password.from === 'env' && !env[password.name])) {
    throw new TenantryError(
      'MissingSetting',
      'spec.sidecar.database.password is not set (TENANTRY_PGPASSWORD)',
    );
  }
  return { user, password, concurrency };
}

function ownUser(spec: SidecarSpec, env: NodeJS.ProcessEnv): string | undefined {
  return (fromEnv(spec.database.user, env) ?? env['TENANTRY_PGUSER']) || undefined;
}

function fromEnv(text: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const named = /^\$\{ENV:(\w+)\}$/.exec(text ?? '')?.[1];
  return named === undefined ? text : env[named];
}

/** A variable that holds a JSON object of URLs. */
function urlsOf(variable: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const text = env[variable];
  if (!text) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      Object.values(parsed).every((url) => URL.canParse(url))
    )
      return parsed as Record<string, string>;
  } catch {
    // Told below, in the same words.
  }
  throw new TenantryError('MissingSetting', `${variable} must be a JSON object whose values are URLs`);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
