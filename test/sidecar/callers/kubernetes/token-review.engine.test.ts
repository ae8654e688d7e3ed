/** Service account tokens against a real API server: what it issues, and what it says of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubernetesVerifier } from '../../../../src/sidecar/callers/kubernetes/verifier.ts';
import { type KubeApi, startKubeApi } from '../../../support/engines/kube-api.ts';
import { sidecarSettingsOf } from '../../../support/sidecar-context.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const clock = { ms: Date.now() };
let kube: KubeApi;
let folder: string;

beforeAll(async () => {
  [kube, folder] = await Promise.all([startKubeApi(), mkdtemp(join(tmpdir(), 'tenantry-sa-'))]);
  for (const namespace of ['acme', 'tenantry']) {
    await made('/api/v1/namespaces', { metadata: { name: namespace } });
  }
  await made('/api/v1/namespaces/acme/serviceaccounts', { metadata: { name: 'worker' } });
  await made('/api/v1/namespaces/tenantry/serviceaccounts', { metadata: { name: 'sidecar' } });
  await made('/api/v1/namespaces/tenantry/serviceaccounts', { metadata: { name: 'powerless' } });
  await made(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'tenantry-sidecar' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ kind: 'ServiceAccount', name: 'sidecar', namespace: 'tenantry' }],
  });
  await writeFile(join(folder, 'ca.crt'), kube.ca);
  await writeFile(join(folder, 'token'), await tokenOf('tenantry', 'sidecar'));
  await writeFile(join(folder, 'powerless'), await tokenOf('tenantry', 'powerless'));
});
afterAll(async () => {
  await kube.close();
  await rm(folder, { recursive: true });
});

async function made(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await kube.call('POST', path, { body });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A projected token, as the kubelet gets it. */
async function tokenOf(namespace: string, name: string, audiences?: readonly string[]): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await made(path, { spec: { audiences, expirationSeconds: 86_400 } });
  return (status as { token: string }).token;
}

function verifier(tokenFile = 'token'): KubernetesVerifier {
  const { kubernetes } = sidecarSettingsOf({
    callers: {
      kubernetes: {
        apiServer: kube.url,
        caCertFile: join(folder, 'ca.crt'),
        tokenFile: join(folder, tokenFile),
        serviceAccounts: [{ namespace: 'acme', name: 'worker', role: 'app' }],
      },
    },
  }).spec.callers;
  if (kubernetes === undefined) throw new Error('no settings');
  return new KubernetesVerifier(kubernetes, () => clock.ms);
}

describe('a service account', () => {
  it('calls with a token for our audience', async () => {
    const subject = verifier();
    expect(await subject.verify(await tokenOf('acme', 'worker', ['tenantry']))).toEqual({
      kind: 'kubernetes',
      id: 'kubernetes:acme/worker',
      role: 'app',
      tenants: ['acme'],
    });
    await subject.close();
  });

  it('does not call with a token for the API server, nor with a changed one', async () => {
    const subject = verifier();
    const good = await tokenOf('acme', 'worker', ['tenantry']);
    const [header, payload = '', signature] = good.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, jti: 'another' })).toString('base64url');
    for (const token of [await tokenOf('acme', 'worker'), `${header}.${changed}.${signature}`]) {
      await expect(subject.verify(token)).rejects.toMatchObject({ code: 'Unauthenticated' });
    }
    await subject.close();
  });

  it('that no setting names does not call', async () => {
    const subject = verifier();
    const token = await tokenOf('tenantry', 'powerless', ['tenantry']);
    await expect(subject.verify(token)).rejects.toMatchObject({ code: 'Unauthenticated' });
    await subject.close();
  });

  it('that was deleted is known for a minute, and then refused', async () => {
    const subject = verifier();
    await kube.call('DELETE', '/api/v1/namespaces/acme/serviceaccounts/worker');
    await made('/api/v1/namespaces/acme/serviceaccounts', { metadata: { name: 'worker' } });
    const token = await tokenOf('acme', 'worker', ['tenantry']);
    await subject.verify(token);
    await kube.call('DELETE', '/api/v1/namespaces/acme/serviceaccounts/worker');
    expect((await subject.verify(token)).id).toBe('kubernetes:acme/worker');
    // The API server itself remembers a good token for ten seconds.
    await expect
      .poll(
        async () => {
          clock.ms += 60_000;
          return await subject.verify(token).then(
            () => 'ok',
            (error: { cause: Error }) => error.cause.message,
          );
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe('the Kubernetes API server refuses the token');
    await subject.close();
  });

  it('of the sidecar without the right to ask makes it 503, with the next step', async () => {
    const subject = verifier('powerless');
    const token = await tokenOf('tenantry', 'sidecar', ['tenantry']);
    await expect(subject.verify(token)).rejects.toMatchObject({
      code: 'IssuerUnavailable',
      hint: expect.stringContaining('system:auth-delegator'),
    });
    await subject.close();
  });
});
