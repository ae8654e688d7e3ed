import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { toolRoutes } from '../../../src/sidecar/tools/routes.ts';
import { ACME, NEW_TOKEN, OLD_TOKEN, type ProxyWorld, startProxyWorld, until } from '../proxy/proxy-world.ts';
import { type McpService, startMcpService } from './mcp-service.ts';

let events: McpService;
let json: McpService;
let world: ProxyWorld;
let caller = ACME;

beforeAll(async () => {
  [events, json] = await Promise.all([startMcpService(), startMcpService({ json: true })]);
  world = await startProxyWorld({
    routes: [toolRoutes],
    caller: () => caller,
    origins: {
      'https://mcp.linear.app': new URL(events.url).origin,
      'https://api.githubcopilot.com': new URL(json.url).origin,
    },
    limits: { proxySeconds: 20, proxyBodyBytes: 200_000 },
  });
});
afterAll(async () => {
  await world.close();
  await Promise.all([events.close(), json.close()]);
});
beforeEach(async () => {
  // The end of a session is not waited for by the answer.
  await until(() => events.sessions.size + json.sessions.size === 0);
  caller = ACME;
  for (const service of [events, json]) {
    service.received.length = 0;
    service.intercept = undefined;
    service.accepted.clear();
    service.accepted.add(OLD_TOKEN).add(NEW_TOKEN);
  }
  world.tokens.value = OLD_TOKEN;
  world.tokens.renewed = 0;
  world.tokens.onRenew = () => {
    world.tokens.value = NEW_TOKEN;
  };
  world.accesses.length = 0;
  world.used.length = 0;
  world.quotaLeft = Number.POSITIVE_INFINITY;
  world.failRecord = undefined;
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { code?: string; detail?: string };
}

async function invoke(toolId: string, more: object = {}, signal?: AbortSignal): Promise<Answer> {
  const answer = await fetch(`${world.url}/api/v1/tools/invoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ toolId, integration: 'linear', ...more }),
    ...(signal && { signal }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

async function list(query: string): Promise<Answer> {
  const answer = await fetch(`${world.url}/api/v1/tools?${query}`);
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

describe('invoking a tool', () => {
  it.each(['linear', 'github'])('gives what the MCP server of %s answers', async (integration) => {
    const answer = await invoke('create_issue', { integration, parameters: { title: 'Roof' } });
    expect(answer).toEqual({
      status: 200,
      body: {
        integration,
        toolId: 'create_issue',
        isError: false,
        content: [{ type: 'text', text: 'created Roof' }],
        structuredContent: { title: 'Roof' },
      },
    });
    const { received } = integration === 'linear' ? events : json;
    expect(new Set(received.map(({ bearer }) => bearer))).toEqual(new Set([OLD_TOKEN]));
  });

  it('hands on that the tool failed', async () => {
    const { status, body } = await invoke('fail');
    expect([status, body['isError'], body['content']]).toEqual([
      200,
      true,
      [{ type: 'text', text: 'the project is archived' }],
    ]);
  });

  it('tells of an unknown tool, with the name that was likely meant', async () => {
    for (const integration of ['linear', 'github']) {
      const { status, body } = await invoke('create-isue', { integration });
      expect([status, body.code]).toEqual([404, 'NotFound']);
      expect(body.detail).toContain('did you mean "create_issue"?');
    }
  });

  it('tells of parameters that the tool does not take', async () => {
    const { status, body } = await invoke('create_issue', { parameters: { count: 'many' } });
    // Servers of the SDK say it in a result, as the protocol has it since 2025-11-25.
    expect([status, body['isError']]).toEqual([200, true]);
    expect(JSON.stringify(body['content'])).toContain('title');
  });

  it('shows no token that the server sends back', async () => {
    const { body } = await invoke('echo_token');
    expect(JSON.stringify(body)).toContain(`your token is ${'*'.repeat(OLD_TOKEN.length)}`);
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('ends its session at the server', async () => {
    await invoke('create_issue', { parameters: { title: 'x' } });
    await until(() => events.sessions.size === 0);
    const sessions = new Set(events.received.map(({ session }) => session).filter((id) => id !== ''));
    expect(sessions.size).toBe(1);
  });

  it('has a session of its own for every call', async () => {
    await Promise.all(Array.from({ length: 5 }, () => invoke('fail')));
    const sessions = new Set(events.received.map(({ session }) => session).filter((id) => id !== ''));
    expect(sessions.size).toBe(5);
  });
});

describe('after 401', () => {
  it('the token is renewed once and the call goes on', async () => {
    for (const service of [events, json]) service.accepted.delete(OLD_TOKEN);
    const answer = await invoke('create_issue', { parameters: { title: 'x' } });
    expect(answer.status).toBe(200);
    expect(world.tokens.renewed).toBe(1);
  });

  it('a second one says that a person has to connect again', async () => {
    events.accepted.clear();
    const { status, body } = await invoke('fail');
    expect([status, body.code]).toEqual([409, 'NeedsReauthorization']);
    expect(world.tokens.renewed).toBe(1);
    expect(events.received.length).toBe(2);
  });

  it('the same token is not sent again', async () => {
    events.accepted.clear();
    world.tokens.onRenew = () => undefined;
    expect((await invoke('fail')).body.code).toBe('NeedsReauthorization');
    expect(events.received.length).toBe(1);
  });
});

describe('limits', () => {
  it('refuse a result that is too large', async () => {
    for (const integration of ['linear', 'github']) {
      const { status, body } = await invoke('large', { integration, parameters: { bytes: 300_000 } });
      expect([integration, status, body.code]).toEqual([integration, 413, 'PayloadTooLarge']);
    }
    expect((await invoke('large', { parameters: { bytes: 100_000 } })).status).toBe(200);
  });

  it('end a tool that never answers, and tell the server', async () => {
    const other = await startProxyWorld({
      routes: [toolRoutes],
      origins: { 'https://mcp.linear.app': new URL(events.url).origin },
      limits: { proxySeconds: 0.4 },
    });
    try {
      const answer = await fetch(`${other.url}/api/v1/tools/invoke`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ toolId: 'never', integration: 'linear' }),
      });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        504,
        'UpstreamTimeout',
      ]);
    } finally {
      await other.close();
    }
  });

  it('end the call when the caller is gone', async () => {
    const controller = new AbortController();
    const answer = invoke('never', {}, controller.signal);
    await until(() => events.received.some(({ method, session }) => method === 'POST' && session !== ''));
    controller.abort();
    await expect(answer).rejects.toThrow();
    await until(() => world.used.length === 1);
    expect(world.used[0]).toMatchObject({ errors: 1 });
    await until(() => events.sessions.size === 0);
  });

  it('count each call for the quota', async () => {
    world.quotaLeft = 1;
    expect((await invoke('fail')).status).toBe(200);
    expect((await invoke('fail')).body.code).toBe('QuotaExceeded');
  });
});

describe('the server', () => {
  it.each([
    [500, 502, 'UpstreamUnreachable'],
    [403, 502, 'ProviderRejected'],
    [429, 429, 'RateLimited'],
  ])('that answers %i is told of without its words', async (theirs, status, code) => {
    events.intercept = (_request, response) => {
      response.writeHead(theirs).end(`canary: ${OLD_TOKEN}`);
      return true;
    };
    const answer = await invoke('fail');
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(JSON.stringify(answer.body)).not.toContain('canary');
  });

  it('cannot lead the credential elsewhere', async () => {
    events.intercept = (_request, response) => {
      response.writeHead(307, { location: `${json.url}?stolen` }).end();
      return true;
    };
    expect((await invoke('fail')).status).toBeGreaterThanOrEqual(400);
    expect(json.received).toEqual([]);
  });

  it('that is inside is not reached without the operator’s word', async () => {
    const { documents, catalog } = world.context.stack.current();
    const entry = catalog.get('linear');
    if (!entry) throw new Error('linear is missing');
    const inside = { ...entry, mcp: { url: events.url, credential: 'api' as const } };
    const other = await startProxyWorld({
      routes: [toolRoutes],
      origins: {},
      stack: { documents, catalog: new Map([...catalog, ['linear', inside]]) },
    });
    try {
      const answer = await fetch(`${other.url}/api/v1/tools?integration=linear`);
      expect(((await answer.json()) as { code: string }).code).toBe('AddressNotAllowed');
      expect(events.received).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('listing tools', () => {
  it('gives their names, descriptions and schemas', async () => {
    const { status, body } = await list('integration=linear');
    expect(status).toBe(200);
    const tools = body['tools'] as { toolId: string; description?: string; inputSchema: object }[];
    expect(tools.map(({ toolId }) => toolId)).toContain('create_issue');
    expect(tools[0]).toMatchObject({
      description: 'Creates an issue',
      inputSchema: { type: 'object', required: ['title'] },
    });
  });
});

describe('who may use tools', () => {
  it('is not another tenant, in the body or in the query', async () => {
    expect((await invoke('fail', { tenant: 'globex' })).body.code).toBe('Forbidden');
    expect((await list('integration=linear&tenant=globex')).body.code).toBe('Forbidden');
    expect(events.received).toEqual([]);
  });

  it('is not an integration whose document does not allow it', async () => {
    caller = { ...ACME, tenants: ['globex'] };
    expect((await invoke('fail', { integration: 'slack' })).body.code).toBe('Forbidden');
    expect((await invoke('fail', { integration: 'linear' })).body.code).toBe('Forbidden');
  });

  it('has tools only where the server takes the token of the API', async () => {
    const { status, body } = await invoke('search', { integration: 'notion' });
    expect([status, body.code]).toEqual([400, 'NotSupported']);
    expect(body.detail).toContain('its own authorization server');
    expect(world.accesses).toEqual([]);
  });

  it('is told what is wrong with the request', async () => {
    for (const more of [
      { toolId: '' },
      { toolId: 'a\nb' },
      { integration: '../x' },
      { parameters: 'x' },
      { extra: 1 },
    ]) {
      expect((await invoke('fail', more)).body.code, JSON.stringify(more)).toBe('InvalidRequest');
    }
  });

  it('is recorded with the tool, and gets nothing where that is not possible', async () => {
    await invoke('fail');
    expect(world.accesses).toEqual([
      expect.objectContaining({
        tenant: 'acme',
        integration: 'linear',
        action: 'tool',
        detail: 'fail',
        outcome: 'ok',
      }),
    ]);
    world.failRecord = new TenantryError('PostgresUnavailable', 'full');
    expect((await invoke('fail')).body.code).toBe('PostgresUnavailable');
  });
});
