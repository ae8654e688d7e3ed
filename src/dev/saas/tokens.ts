/** Whose token is this? Opaque tokens are introspected in process, API tokens are looked up. */
import type { FastifyRequest } from 'fastify';
import { vendorOf } from '../idp/profile.ts';
import type { DevIdp } from '../idp/server.ts';

export interface StaticToken {
  readonly integration: string;
  readonly token: string;
  readonly tenant: string;
}

export interface Caller {
  readonly tenant: string;
  /** Granted to the token; empty for an API token, which may do everything. */
  readonly scopes: readonly string[];
}

export interface Tokens {
  add(token: StaticToken): void;
  /** undefined: the token is not good for this integration. */
  caller(integration: string, token: string): Promise<Caller | undefined>;
}

export function tokenRegister(introspect: DevIdp['introspect'], known: readonly StaticToken[] = []): Tokens {
  const tenants = new Map<string, string>();
  const add = ({ integration, token, tenant }: StaticToken): void => {
    tenants.set(`${vendorOf(integration)} ${token}`, tenant);
  };
  known.forEach(add);
  return {
    add,
    async caller(integration, token) {
      const tenant = tenants.get(`${integration} ${token}`);
      if (tenant !== undefined) return { tenant, scopes: [] };
      const { active, sub, scope = '' } = await introspect(integration, token);
      return active && sub !== undefined
        ? { tenant: sub, scopes: scope.split(' ').filter(Boolean) }
        : undefined;
    },
  };
}

/** The token of a call: `Bearer t`, GitHub's `token t`, or the password of HTTP Basic (`email:api_token`). */
export function tokenOf(request: FastifyRequest): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+)\s+(\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (/^(bearer|token)$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}
