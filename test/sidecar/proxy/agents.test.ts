import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TenantryError } from '../../../src/errors.ts';
import { type Agents, createAgents, guardedLookup } from '../../../src/sidecar/proxy/agents.ts';
import { upstreamFailure } from '../../../src/sidecar/proxy/failure.ts';
import { type Service, startService } from './proxy-world.ts';

let service: Service;
let port: string;
const open: Agents[] = [];

beforeEach(async () => {
  service = await startService();
  port = new URL(service.url).port;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((agents) => agents.close()));
  await service.close();
});

/** A resolver that gives each question the next answer. */
function resolver(...answers: string[][]): { lookup: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    const found: LookupAddress[] = answer.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    const [first] = found;
    if (options.all || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
  return { lookup, asked };
}

function agentsWith(lookup?: LookupFunction): Agents {
  const agents = createAgents(lookup ? { lookup } : {});
  open.push(agents);
  return agents;
}

async function codeOf(agents: Agents, url: string): Promise<string> {
  try {
    const { origin } = new URL(url);
    const { statusCode, body } = await agents.guarded.request({ origin, path: '/', method: 'GET' });
    await body.dump();
    return String(statusCode);
  } catch (error) {
    return upstreamFailure(error, 'service').code;
  }
}

describe('the guarded agent', () => {
  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://0x7f.0.0.1',
    'http://0x7f000001',
    'http://2130706433',
    'http://0177.0.0.1',
    'http://017700000001',
    'http://127.0.0.1.',
    'http://0',
    'http://0.0.0.0',
    'http://[::1]',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[64:ff9b::127.0.0.1]',
    'http://[2002:7f00:1::]',
    'http://①②⑦.0.0.1',
    'http://localhost',
    'http://LocalHost',
  ])('does not reach %s', async (origin) => {
    expect(await codeOf(agentsWith(), `${origin}:${port}`)).toBe('AddressNotAllowed');
    expect(service.received).toEqual([]);
  });

  it('does not reach what a harmless name resolves to', async () => {
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fd00:ec2::254']) {
      const { lookup } = resolver([address]);
      expect(await codeOf(agentsWith(lookup), `http://api.example.com:${port}`)).toBe('AddressNotAllowed');
    }
    expect(service.received).toEqual([]);
  });

  it('uses no address of a name that has one private address among public ones', async () => {
    const { lookup } = resolver(['93.184.215.14', '127.0.0.1']);
    expect(await codeOf(agentsWith(lookup), `http://api.example.com:${port}`)).toBe('AddressNotAllowed');
    expect(service.received).toEqual([]);
  });

  it('asks the resolver once for each connection, so that a name cannot change between check and use', async () => {
    const { lookup, asked } = resolver(['10.0.0.1'], ['127.0.0.1']);
    expect(await codeOf(agentsWith(lookup), `http://rebinding.example.com:${port}`)).toBe(
      'AddressNotAllowed',
    );
    expect(asked).toEqual(['rebinding.example.com']);
    expect(service.received).toEqual([]);
  });

  it('connects to the very addresses that were checked', () => {
    const { lookup } = resolver(['93.184.215.14', '2606:4700::1111'], ['127.0.0.1']);
    let given: unknown;
    guardedLookup(lookup)('api.example.com', { all: true }, (error, addresses) => {
      given = { error, addresses };
    });
    expect(given).toEqual({
      error: null,
      addresses: [
        { address: '93.184.215.14', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    });
  });

  it('does not tell which address a name has inside', async () => {
    const { lookup } = resolver(['10.20.30.40']);
    const failed: unknown = await agentsWith(lookup)
      .guarded.request({ origin: 'http://api.example.com', path: '/', method: 'GET' })
      .catch((error: unknown) => error);
    expect((failed as TenantryError).message).not.toContain('10.20.30.40');
  });

  it('fails like any unreachable service for a name that nobody has', async () => {
    const lookup: LookupFunction = (_name, _options, callback) =>
      callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
    expect(await codeOf(agentsWith(lookup), 'http://nobody.example.com')).toBe('UpstreamUnreachable');
  });
});

describe('the direct agent', () => {
  it('reaches an address that the operator named', async () => {
    const answer = await agentsWith().direct.request({ origin: service.url, path: '/x', method: 'GET' });
    await answer.body.dump();
    expect([answer.statusCode, service.received[0]?.url]).toEqual([200, '/x']);
  });

  it('answers nothing new once it is closed', async () => {
    const agents = agentsWith();
    await agents.close();
    const failed: unknown = await agents.direct
      .request({ origin: service.url, path: '/x', method: 'GET' })
      .catch((error: unknown) => error);
    expect(upstreamFailure(failed, 'service').code).toBe('ShuttingDown');
  });
});
