/** Fake SaaS APIs for development, each with sandbox rows of the tenant whose token is sent. */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { TenantryError } from '../../errors.ts';
import { type FaultSwitch, type Faults, faultSwitch } from '../idp/faults.ts';
import { vendorOf } from '../idp/profile.ts';
import type { DevIdp } from '../idp/server.ts';
import { accountApis } from './account-apis.ts';
import { githubApi } from './github.ts';
import { googleApi } from './google.ts';
import { jiraApi } from './jira.ts';
import { notionApi } from './notion.ts';
import { slackApi } from './slack.ts';
import { type StaticToken, type Tokens, tokenOf, tokenRegister } from './tokens.ts';
import type { VendorApi } from './vendor-api.ts';

/** One answered call; for the log of the development environment and for tests. */
export interface SaasCall {
  readonly integration: string;
  readonly method: string;
  /** Path and query as they came in. */
  readonly url: string;
  /** Absent: the token was refused. */
  readonly tenant?: string;
  readonly status: number;
}

export interface DevSaasOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. Default 0. */
  readonly port?: number;
  readonly introspect: DevIdp['introspect'];
  /** API tokens that are good from the start. */
  readonly staticTokens?: readonly StaticToken[];
  readonly onRequest?: (call: SaasCall) => void;
}

export interface DevSaas {
  /** Integration → base URL without a slash at its end. */
  readonly urls: Readonly<Record<string, string>>;
  /** Makes a personal or API token good, e.g. for HTTP Basic `email:api_token` at Jira. */
  addStaticToken(integration: string, token: string, tenant: string): void;
  /** Counts by HTTP method, and faults, of the calls of one API. Throws InvalidUsage for one that is not served. */
  faults(integration: string): Faults;
  close(): Promise<void>;
}

const APIS: readonly VendorApi[] = [notionApi, slackApi, githubApi, jiraApi, googleApi, ...accountApis];

/** Starts the listener. Throws InvalidUsage when the port is taken. */
export async function startDevSaas(options: DevSaasOptions): Promise<DevSaas> {
  const { host = '127.0.0.1', port = 0 } = options;
  const tokens = tokenRegister(options.introspect, options.staticTokens);
  const server = fastify({ forceCloseConnections: true, genReqId: () => randomUUID() });
  server.decorateRequest('tenant', '');
  server.decorateRequest('scopes');
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
  const switches = new Map<string, FaultSwitch>();
  for (const vendor of APIS) {
    const faults = faultSwitch();
    switches.set(vendor.integration, faults);
    mount(server, vendor, { ...options, tokens, faults });
  }
  let url: string;
  try {
    url = await server.listen({ host, port });
  } catch (cause) {
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port}`, {
      cause,
      hint: 'another program listens on this port; choose another one',
    });
  }
  return {
    urls: Object.fromEntries(
      APIS.flatMap(({ integration, serves = [integration] }) =>
        serves.map((name) => [name, `${url}/${integration}`]),
      ),
    ),
    addStaticToken: (integration, token, tenant) => tokens.add({ integration, token, tenant }),
    faults(integration) {
      const found = switches.get(vendorOf(integration));
      if (found !== undefined) return found;
      throw new TenantryError('InvalidUsage', `the development APIs have no ${integration}`);
    },
    close: () => server.close(),
  };
}

interface MountOptions extends Pick<DevSaasOptions, 'onRequest'> {
  readonly tokens: Tokens;
  readonly faults: FaultSwitch;
}

function mount(server: FastifyInstance, vendor: VendorApi, options: MountOptions): void {
  const { integration } = vendor;
  const { tokens, faults } = options;
  server.register(
    (api, _options, done) => {
      api.addHook('onRequest', async ({ method }, reply) => {
        let passed = false;
        await faults.run(method, reply.raw, async () => {
          passed = true;
        });
        return passed ? undefined : reply.hijack();
      });
      // After the body is read: Slack takes a token there too.
      api.addHook('preValidation', (request, reply) => authenticate(vendor, tokens, request, reply));
      api.addHook('onResponse', async ({ method, originalUrl, tenant }, { statusCode }) => {
        const who = tenant === '' ? {} : { tenant };
        options.onRequest?.({ integration, method, url: originalUrl, status: statusCode, ...who });
      });
      vendor.routes(api);
      done();
    },
    { prefix: `/${integration}` },
  );
}

async function authenticate(
  vendor: VendorApi,
  tokens: Tokens,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const token = tokenOf(request) ?? vendor.tokenOf?.(request);
  const caller = token === undefined ? undefined : await tokens.caller(vendor.integration, token);
  if (caller === undefined) return vendor.refuse(reply, token === undefined);
  request.tenant = caller.tenant;
  request.scopes = caller.scopes;
  reply.headers(vendor.headers?.(request) ?? {});
  return undefined;
}
