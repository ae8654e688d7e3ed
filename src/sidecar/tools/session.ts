/** One conversation with the MCP server of an integration (Model Context Protocol, Streamable HTTP), for one call. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { SidecarContext } from '../context.ts';
import { redirectOrigin } from '../providers/fill-url.ts';
import type { Agents } from '../proxy/agents.ts';
import { createDeadline, endedBy } from '../proxy/deadline.ts';
import { type Mask, maskOf } from '../proxy/mask.ts';
import type { Tally } from '../proxy/tally.ts';
import type { SidecarSettings } from '../settings.ts';
import type { IntegrationView } from '../stack/view.ts';
import { bearerFetch } from './bearer-fetch.ts';
import { toolFailure } from './failure.ts';

export interface SessionOptions {
  readonly context: SidecarContext;
  readonly agents: Agents;
  readonly view: IntegrationView;
  readonly place: CredentialPlace;
  readonly tally: Tally;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

export interface Session {
  readonly client: Client;
  readonly options: RequestOptions;
  /** Keeps the credential out of what the server says. */
  readonly mask: () => Mask;
}

/** An answer is parsed as a whole. */
const MOST_ANSWER_BYTES = 8 * 1024 * 1024;

/** The SDK's own limit is 60 s; ours is a setting. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/**
 * Each call has a client of its own: nothing of one tenant's session can come to another's.
 * @throws NotSupported, CredentialNotFoundError, NeedsReauthorization, UpstreamTimeout, … and what `work` throws
 */
export async function withSession<T>(
  { context, agents, view, place, tally, signal }: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { tokens, settings } = context;
  const { proxySeconds, proxyBodyBytes } = settings.spec.limits;
  const { name } = view.entry;
  const { url, isTrusted } = mcpServerOf(view, settings);
  const deadline = createDeadline(proxySeconds * 1000, name);
  const gone = (): void => deadline.abort(new TenantryError('Cancelled', 'the caller is gone'));
  signal.addEventListener('abort', gone, { once: true });
  try {
    const token = await tokens.get(place, { signal: deadline.signal }).catch((error: unknown) => {
      throw endedBy(error, deadline);
    });
    const bearer = bearerFetch({
      agent: isTrusted ? agents.direct : agents.guarded,
      origin: url.origin,
      token,
      renew: (refused) => tokens.renew(place, refused, { signal: deadline.signal }),
      signal: deadline.signal,
      most: Math.min(proxyBodyBytes, MOST_ANSWER_BYTES),
      onTooMuch: deadline.abort,
    });
    const transport = new StreamableHTTPClientTransport(url, { fetch: bearer.fetch });
    const client = new Client({ name: 'tenantry', version: version() });
    const options: RequestOptions = { signal: deadline.signal, timeout: NO_LIMIT_MS };
    const mask = (): Mask => maskOf(bearer.sent);
    try {
      // The SDK's own type of a transport lacks `| undefined` where exactOptionalPropertyTypes asks for it.
      await client.connect(transport as Parameters<Client['connect']>[0], options);
      return await work({ client, options, mask });
    } catch (error) {
      // The SDK turns the reason of a signal into an error of its own.
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw error instanceof TenantryError ? error : toolFailure(error, name, mask());
    } finally {
      tally.bytesIn = bearer.bytesIn();
      tally.bytesOut = bearer.bytesOut();
      end(client, transport);
    }
  } finally {
    signal.removeEventListener('abort', gone);
    deadline.stop();
  }
}

/** The server may forget the session; nobody waits for that. */
function end(client: Client, transport: StreamableHTTPClientTransport): void {
  transport
    .terminateSession()
    .catch(() => undefined)
    .then(() => client.close())
    .catch(() => undefined);
}

/** An MCP server, and whether its address is the operator's own word: then it may be a private one. */
export interface McpServer {
  readonly url: URL;
  readonly isTrusted: boolean;
}

/**
 * The operator's own server (spec.sidecar.mcpServers), else that of the catalog.
 * @throws NotSupported where there is none that takes the token of the API
 */
export function mcpServerOf(
  { entry }: Pick<IntegrationView, 'entry'>,
  { mcpServers, providerOrigins }: Pick<SidecarSettings, 'mcpServers' | 'providerOrigins'>,
): McpServer {
  const own = mcpServers[entry.id];
  if (own !== undefined) return { url: new URL(own), isTrusted: true };
  const hint = `run one that takes it and name it in spec.sidecar.mcpServers, or use the proxy: ANY /proxy/${entry.id}/…`;
  if (entry.mcp === undefined) {
    throw new TenantryError('NotSupported', `${entry.name} has no MCP server in the catalog`, { hint });
  }
  if (entry.mcp.credential === 'own') {
    throw new TenantryError(
      'NotSupported',
      `the MCP server of ${entry.name} takes only tokens of its own authorization server, not those of the API`,
      { hint },
    );
  }
  const wanted = new URL(entry.mcp.url);
  const url = redirectOrigin(wanted, providerOrigins);
  return { url, isTrusted: url !== wanted };
}
