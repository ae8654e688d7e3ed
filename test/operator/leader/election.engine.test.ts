import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ConnectedKube, connectKube } from '../../../src/operator/kube/connect.ts';
import { holderOf, type Lease, leasePath } from '../../../src/operator/leader/lease.ts';
import { type KubeApi, startKubeApi } from '../../support/engines/kube-api.ts';
import { overlaps, type Replica, type ReplicaOptions, startReplica } from './replicas.ts';

const namespace = 'default';
const FAST = { leaseSeconds: 4, renewDeadlineSeconds: 3, retrySeconds: 0.4 };
const now = (): number => performance.now();

let api: KubeApi;
let admin: ConnectedKube;
const connections: ConnectedKube[] = [];
const replicas: Replica[] = [];

beforeAll(async () => {
  api = await startKubeApi();
  admin = await connect();
});

afterAll(async () => {
  for (const replica of replicas) replica.stop();
  await Promise.all(replicas.map(({ ended }) => ended));
  await Promise.all(connections.map((kube) => kube.close()));
  await api?.close();
});

async function connect(): Promise<ConnectedKube> {
  const kube = await connectKube({ kubeconfig: api.kubeconfigFile, env: process.env });
  connections.push(kube);
  return kube;
}

/** A replica with connections of its own; `kill` cuts all its calls, as the end of its process would. */
async function join(
  name: string,
  identity: string,
  options: Partial<ReplicaOptions> = {},
): Promise<Replica & { kill(): void }> {
  const kube = await connect();
  let killed = false;
  const call =
    <A extends unknown[], R>(verb: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      killed ? new Promise<R>(() => undefined) : verb(...args);
  const mortal = { ...kube, get: call(kube.get), create: call(kube.create), replace: call(kube.replace) };
  const replica = startReplica({
    kube: mortal as typeof kube,
    identity,
    namespace,
    name,
    now,
    ...FAST,
    ...options,
  });
  replicas.push(replica);
  const kill = (): void => {
    killed = true;
  };
  return Object.assign(replica, { kill });
}

const leaseOf = (name: string): Promise<Lease | undefined> => admin.get<Lease>(leasePath(namespace, name));

const oneLeads = (group: readonly Replica[]): Promise<Replica> =>
  vi.waitFor(
    () => {
      const leader = group.find(({ leads }) => leads);
      if (leader === undefined) throw new Error('nobody leads');
      return leader;
    },
    { timeout: 25_000, interval: 20 },
  );

describe('leader election on the API server', () => {
  test('of three replicas that begin together one leads, and the next when it ends, never two at once', async () => {
    const group = await Promise.all(['a', 'b', 'c'].map((identity) => join('orderly', identity)));
    const order: string[] = [];
    let rest: Replica[] = group;
    while (rest.length > 0) {
      const leader = await oneLeads(rest);
      order.push(leader.identity);
      expect(holderOf(await leaseOf('orderly'))).toBe(leader.identity);
      leader.stop();
      await leader.ended;
      rest = rest.filter((replica) => replica !== leader);
    }
    expect([...order].sort()).toEqual(['a', 'b', 'c']);
    expect(overlaps(group, now())).toEqual([]);
    const lease = await leaseOf('orderly');
    expect(lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 2 });
    expect(group.flatMap(({ faults }) => faults)).toEqual([]);
  });

  test('the times in the Lease are those of the clock, in microseconds', async () => {
    const wallClock = (): number => Date.UTC(2030, 0, 1);
    const replica = await join('times', 'a', { wallClock });
    await oneLeads([replica]);
    const { acquireTime, renewTime } = (await leaseOf('times'))?.spec ?? {};
    expect([acquireTime, renewTime]).toEqual(Array(2).fill('2030-01-01T00:00:00.000000Z'));
  });

  test('a Lease that is deleted or edited under its leader stays the leader’s', async () => {
    const group = [await join('edited', 'a'), await join('edited', 'b')];
    const leader = await oneLeads(group);
    const path = leasePath(namespace, 'edited');
    await admin.mergePatch(path, { metadata: { labels: { seen: 'yes' } } });
    await admin.delete(path);
    await vi.waitFor(async () => expect(holderOf(await leaseOf('edited'))).toBe(leader.identity), 10_000);
    await admin.mergePatch(path, { spec: { renewTime: null, leaseTransitions: null, acquireTime: null } });
    await vi.waitFor(async () => expect((await leaseOf('edited'))?.spec?.renewTime).toBeTruthy(), 10_000);
    expect(leader.leads).toBe(true);
    expect(leader.terms).toHaveLength(1);
    expect(overlaps(group, now())).toEqual([]);
  });

  test('a stolen Lease ends the leadership, and is taken again when the thief does not renew', async () => {
    const replica = await join('stolen', 'a');
    await oneLeads([replica]);
    const stolen = { holderIdentity: 'thief', leaseDurationSeconds: 1 };
    await admin.mergePatch(leasePath(namespace, 'stolen'), { spec: stolen });
    await vi.waitFor(() => expect(replica.leads).toBe(false), 10_000);
    expect(replica.changes.at(-1)).toEqual({ leading: false, holder: 'thief' });
    await oneLeads([replica]);
    expect((await leaseOf('stolen'))?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 1 });
  });

  test('an empty Lease is taken', async () => {
    await admin.create(leasePath(namespace), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'empty', annotations: { note: 'made by hand' } },
    });
    await oneLeads([await join('empty', 'a')]);
    expect(await leaseOf('empty')).toMatchObject({ metadata: { annotations: { note: 'made by hand' } } });
  });

  test('with the usual 15, 10 and 2 s a killed leader is followed within 20 s, and stops itself before', async () => {
    const usual = { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2 };
    const first = await join('killed', 'a', usual);
    await oneLeads([first]);
    const followers = [await join('killed', 'b', usual), await join('killed', 'c', usual)];
    await vi.waitFor(() => expect(followers.map(({ changes }) => changes.length)).toEqual([1, 1]), 10_000);
    first.kill();
    const killed = now();
    const next = await oneLeads(followers);
    expect(now() - killed).toBeLessThan(20_000);
    expect(first.leads).toBe(false);
    expect(overlaps([first, ...followers], now())).toEqual([]);
    expect((await leaseOf('killed'))?.spec).toMatchObject({
      holderIdentity: next.identity,
      leaseTransitions: 1,
    });
  });
});
