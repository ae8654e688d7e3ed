import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CliProcess, cli, startCli } from '../support/cli.ts';
import { NAMESPACE, type OperatorWorld, startOperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
const children: CliProcess[] = [];
beforeAll(async () => {
  world = await startOperatorWorld();
});
afterEach(async () => {
  for (const { child } of children) child.kill('SIGKILL');
  await Promise.all(children.splice(0).map(({ ended }) => ended));
});
afterAll(() => world?.close());

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/tenantry-operator`;

function operator(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): CliProcess {
  const common = ['--stack', world.stackDir, '--cluster', 'test', '--health-host', '127.0.0.1'];
  const kube = ['--kubeconfig', world.kube.api.kubeconfigFile, '--lease-namespace', NAMESPACE];
  const started = startCli(['operator', ...common, '--health-port', '0', ...kube, ...args], {
    env: { ...world.systems.env, ...env },
  });
  children.push(started);
  return started;
}

describe('tenantry operator', () => {
  it('refuses wrong flags before it does anything', async () => {
    for (const [args, text] of [
      [['--cluster', 'Prod!'], 'lower-case letters'],
      [['--health-port', '70000'], 'must be a port'],
      [['--poll-interval', '1'], '10 to 86400'],
      [['--tenant', 'acme'], "unknown option '--tenant'"],
    ] as const) {
      const { code, stderr } = await cli(['operator', '--stack', world.stackDir, ...args]);
      expect(code).toBe(1);
      expect(stderr).toContain(text);
    }
  });

  it('ends with 1 and says what is missing without a kubeconfig and outside of a pod', async () => {
    const env = { ...world.systems.env, HOME: '/nonexistent' };
    const { code, stderr } = await cli(['operator', '--stack', world.stackDir], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('kubeconfig');
  });

  it('ends with 1 and the place of the mistake when the Platform document is not valid', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tenantry-wrong-'));
    try {
      const text =
        'apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: { name: x }\nspec:\n  valt: {}\n';
      await writeFile(join(dir, 'platform.yaml'), text);
      const ended = operator(['--stack', dir]).ended;
      const { code, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/platform\.yaml:5:3.*valt/);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('ends with 1 when a port that it listens on cannot be opened, although its watches are open by then', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      const { code, stderr } = await operator(['--health-port', String(port)]).ended;
      expect(code).toBe(1);
      expect(stderr).toContain(String(port));
    } finally {
      taken.close();
    }
    const { code, stderr } = await operator(['--webhook-port', '0']).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('--webhook-cert-dir');
  });

  it('waits for an API server that is away at the start, says so, and ends at once when it is told to', async () => {
    const { faults, kubeconfig } = await world.apiFaults();
    await faults.set('refuse');
    const waiting = operator(['--kubeconfig', kubeconfig]);
    await waiting.seen('the objects cannot be listed or watched');
    const stopped = operator(['--kubeconfig', kubeconfig]);
    await stopped.seen('the objects cannot be listed or watched');
    const asked = performance.now();
    stopped.child.kill('SIGTERM');
    expect((await stopped.ended).code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    await faults.set('pass');
    await waiting.seen('this replica leads');
    waiting.child.kill('SIGTERM');
    expect((await waiting.ended).code).toBe(0);
  });

  it('ends with 0 within seconds of SIGTERM and gives its Lease back', async () => {
    const running = operator();
    await world.tenant('acme');
    await world.until('Tenant', 'acme', 'True');
    const asked = performance.now();
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    for (const line of stdout.split('\n').filter(Boolean)) expect(() => JSON.parse(line)).not.toThrow();
    const lease = await world.kube.client.get<{ spec: { holderIdentity: string } }>(LEASE);
    expect(lease?.spec.holderIdentity ?? '').toBe('');
  });

  it('loses nothing when it is killed in the middle: the standby takes over within 20 s and makes nothing twice', async () => {
    const leader = operator();
    await leader.seen('this replica leads');
    const standby = operator();
    await standby.seen('this replica follows');
    const held = Promise.withResolvers<void>();
    const free = Promise.withResolvers<string>();
    world.systems.airbyteProxy.fault = ({ method, path }) => {
      if (method !== 'POST' || !path.includes('/workspaces')) return 'pass';
      held.resolve();
      return free.promise;
    };
    await world.tenant('globex');
    await held.promise;
    const killed = performance.now();
    leader.child.kill('SIGKILL');
    await leader.ended;
    world.systems.airbyteProxy.fault = undefined;
    free.resolve('pass');
    await standby.seen('this replica leads');
    expect(performance.now() - killed).toBeLessThan(20_000);
    await world.until('Tenant', 'globex', 'True', 30_000);
    const workspaces = (await world.airbyte('/workspaces')).filter(({ name }) => name.startsWith('globex'));
    expect(workspaces).toHaveLength(1);
  });
});
