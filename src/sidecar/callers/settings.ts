/** Settings of callers with what the environment gives filled in. */
import { TenantryError } from '../../errors.ts';
import type { SidecarSpec } from '../../spec/sidecar.ts';

export type CallerSettings = SidecarSpec['callers'];

export type OidcSettings = NonNullable<SidecarSpec['oidc']>;

/** The same for sign-in by OpenID Connect. @throws MissingSetting */
export function resolveOidc(oidc: OidcSettings, env: NodeJS.ProcessEnv): OidcSettings {
  const clientId = namedValue(oidc.clientId, env);
  if (clientId === undefined) {
    throw new TenantryError('MissingSetting', `spec.sidecar.oidc.clientId: ${oidc.clientId} is not set`);
  }
  return { ...oidc, issuer: resolved(oidc.issuer, 'spec.sidecar.oidc.issuer', env), clientId };
}

function namedValue(text: string, env: NodeJS.ProcessEnv): string | undefined {
  const name = REFERENCE.exec(text)?.[1];
  return name === undefined ? text : env[name] || undefined;
}

const REFERENCE = /^\$\{ENV:(\w+)\}$/;

/**
 * `${ENV:NAME}` becomes its value; the API server of a pod is the one that Kubernetes names in its environment
 * (kubernetes.io/docs/tasks/run-application/access-api-from-pod).
 * @throws MissingSetting for a variable that is not set
 */
export function resolveCallers(callers: CallerSettings, env: NodeJS.ProcessEnv): CallerSettings {
  const { kubernetes } = callers;
  const jwt = callers.jwt.map((issuer, index) => {
    const at = `spec.sidecar.callers.jwt[${index}]`;
    const { jwksUrl } = issuer;
    return {
      ...issuer,
      issuer: resolved(issuer.issuer, `${at}.issuer`, env),
      ...(jwksUrl !== undefined && { jwksUrl: resolved(jwksUrl, `${at}.jwksUrl`, env) }),
    };
  });
  if (kubernetes === undefined) return { ...callers, jwt };
  const at = 'spec.sidecar.callers.kubernetes.apiServer';
  const named = kubernetes.apiServer ?? ownApiServer(env);
  const apiServer = named === undefined ? {} : { apiServer: resolved(named, at, env) };
  return { ...callers, jwt, kubernetes: { ...kubernetes, ...apiServer } };
}

function resolved(text: string, field: string, env: NodeJS.ProcessEnv): string {
  const name = REFERENCE.exec(text)?.[1];
  if (name === undefined) return text;
  const value = env[name];
  if (value === undefined || !URL.canParse(value)) {
    throw new TenantryError('MissingSetting', `${field}: ${name} must be set to a URL`);
  }
  return value;
}

function ownApiServer(env: NodeJS.ProcessEnv): string | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!host) return undefined;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
