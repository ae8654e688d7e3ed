import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sidecarContainer } from '../../../src/operator/inject/container.ts';
import { settingsOf } from './pods.ts';

let server: Server;
let answers: Record<string, number>;

beforeEach(async () => {
  answers = {};
  server = createServer((request, response) => {
    response.statusCode = answers[request.url ?? ''] ?? 404;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

/** Runs the probe as the kubelet would, with the Node of this test. */
async function exitOf(name: 'startupProbe' | 'readinessProbe', yaml = ''): Promise<number | null> {
  const { port } = server.address() as AddressInfo;
  const settings = settingsOf(`port: ${port}\nnode: ${process.execPath}\n${yaml}`);
  const container = sidecarContainer({ settings, namespace: 'customers', tenants: ['acme'] });
  const { exec } = container[name] as { exec: { command: string[] } };
  const [program = '', ...args] = exec.command;
  const child = execFile(program, args);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

describe('the probes of the sidecar', () => {
  it('say when it listens, whatever Vault and Postgres do', async () => {
    answers = { '/health': 200, '/ready': 503 };
    expect(await exitOf('startupProbe')).toBe(0);
    expect(await exitOf('readinessProbe')).toBe(0);
  });

  it('say when Vault and Postgres answer too, where the settings ask for that', async () => {
    answers = { '/health': 200, '/ready': 503 };
    expect(await exitOf('startupProbe', 'readiness: systems')).toBe(0);
    expect(await exitOf('readinessProbe', 'readiness: systems')).toBe(1);
    answers = { '/ready': 200 };
    expect(await exitOf('readinessProbe', 'readiness: systems')).toBe(0);
  });

  it('fail where nobody listens', async () => {
    const command = exitOf('startupProbe');
    server.close();
    server.closeAllConnections();
    expect(await command).toBe(1);
  });
});
