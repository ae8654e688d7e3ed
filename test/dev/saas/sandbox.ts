/** The fake APIs with an identity provider behind them, and a token of any tenant. */
import { connectAtIdp } from '../../../src/dev/idp/connect.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { type DevSaas, type SaasCall, startDevSaas } from '../../../src/dev/saas/server.ts';

export type Row = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Row;
}

export interface Sandbox {
  readonly idp: DevIdp;
  readonly saas: DevSaas;
  readonly calls: SaasCall[];
  /** An OAuth access token of the tenant. */
  token(integration: string, tenant: string): Promise<string>;
  /** `path` below the integration's base; a body makes it a POST of JSON. */
  call(integration: string, path: string, token?: string, body?: Row): Promise<Answer>;
  close(): Promise<void>;
}

export async function openSandbox(): Promise<Sandbox> {
  const idp = await startDevIdp({ integrations: ['notion', 'slack', 'github', 'jira'] });
  const calls: SaasCall[] = [];
  const saas = await startDevSaas({ introspect: idp.introspect, onRequest: (call) => calls.push(call) });
  return {
    idp,
    saas,
    calls,
    async token(integration, tenant) {
      const app = idp.clients[integration] ?? { clientId: '', clientSecret: '' };
      const scopes = integration === 'notion' ? [] : ['read'];
      const request = { integration, tenant, ...app, redirectUri: 'http://127.0.0.1:9/cb', scopes };
      return (await connectAtIdp(idp, request)).accessToken;
    },
    async call(integration, path, token, body) {
      const response = await fetch(`${saas.urls[integration]}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'notion-version': '2022-06-28',
          ...(token === undefined ? {} : { authorization: token.includes(' ') ? token : `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Row };
    },
    async close() {
      await Promise.all([saas.close(), idp.close()]);
    },
  };
}
