/** Service account tokens against an API server that answers TokenReview as Kubernetes does. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callerOfAccount, KubernetesVerifier } from '../../../../src/sidecar/callers/kubernetes/verifier.ts';
import { sidecarSettingsOf } from '../../../support/sidecar-context.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';

const clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const USER = 'system:serviceaccount:acme:worker';

interface Review {
  readonly authorization: string | undefined;
  readonly spec: { readonly token: string; readonly audiences: string[] };
}

let folder: string;
let server: Server;
let cluster: TestIssuer;
let reviews: Review[];
let answer: { status: number; body: unknown };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-review-'));
  await writeFile(join(folder, 'token'), 'own-token-1\n');
  await writeFile(join(folder, 'ca.crt'), '');
  cluster = await startIssuer(() => clock.ms);
  reviews = [];
  answer = good();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Pick<Review, 'spec'>;
      reviews.push({ authorization: request.headers.authorization, spec: body.spec });
      if (answer.status === 0) return request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await cluster.close();
  await rm(folder, { recursive: true });
});

function good(): typeof answer {
  const status = { authenticated: true, audiences: ['tenantry'], user: { username: USER } };
  return { status: 201, body: { status } };
}

function verifier(): KubernetesVerifier {
  const { kubernetes } = sidecarSettingsOf({
    callers: {
      kubernetes: {
        apiServer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        caCertFile: join(folder, 'ca.crt'),
        tokenFile: join(folder, 'token'),
        serviceAccounts: [{ namespace: 'acme' }],
      },
    },
  }).spec.callers;
  if (kubernetes === undefined) throw new Error('no settings');
  return new KubernetesVerifier(kubernetes, () => clock.ms);
}

const token = (claims: object = {}): Promise<string> =>
  cluster.sign({ sub: USER, aud: ['tenantry'], exp: Math.floor(clock.ms / 1000) + 3600, ...claims });

describe('a service account token', () => {
  it('is shown to the API server with our audience, once a minute', async () => {
    const subject = verifier();
    const text = await token();
    const callers = await Promise.all(Array.from({ length: 10 }, () => subject.verify(text)));
    expect(callers[0]).toEqual({
      kind: 'kubernetes',
      id: 'kubernetes:acme/worker',
      role: 'app',
      tenants: ['acme'],
    });
    expect(reviews).toEqual([
      { authorization: 'Bearer own-token-1', spec: { token: text, audiences: ['tenantry'] } },
    ]);
    clock.ms += 59_000;
    await subject.verify(text);
    expect(reviews).toHaveLength(1);
    clock.ms += 1_000;
    // The kubelet has replaced our own token meanwhile.
    await writeFile(join(folder, 'token'), 'own-token-2');
    await subject.verify(text);
    expect(reviews.map(({ authorization }) => authorization)).toEqual([
      'Bearer own-token-1',
      'Bearer own-token-2',
    ]);
  });

  it('does not outlive its own end in our memory', async () => {
    const subject = verifier();
    const text = await token({ exp: Math.floor(clock.ms / 1000) + 20 });
    await subject.verify(text);
    clock.ms += 20_000;
    await expect(subject.verify(text)).rejects.toMatchObject({ code: 'Unauthenticated' });
    expect(reviews).toHaveLength(1);
  });

  it('that was refused is not shown again for ten seconds', async () => {
    const subject = verifier();
    const text = await token();
    answer = { status: 201, body: { status: { authenticated: false, error: 'revoked' } } };
    for (let i = 0; i < 3; i++) {
      await expect(subject.verify(text)).rejects.toMatchObject({ code: 'Unauthenticated' });
    }
    expect(reviews).toHaveLength(1);
    clock.ms += 10_000;
    answer = good();
    await subject.verify(text);
    expect(reviews).toHaveLength(2);
  });

  it.each([
    ['another audience', { audiences: ['vault'] }],
    ['no audience', { audiences: undefined }],
  ])('that the API server confirms for %s is refused', async (_what, change) => {
    answer = {
      status: 201,
      body: { status: { authenticated: true, user: { username: USER }, ...change } },
    };
    await expect(verifier().verify(await token())).rejects.toMatchObject({ code: 'Unauthenticated' });
  });

  it.each([
    ['another audience', { aud: ['vault'] }],
    ['a person', { sub: 'user-1' }],
    ['the past', { exp: Math.floor(clock.ms / 1000) - 1 }],
    ['eternity', { exp: undefined }],
  ])('for %s is not shown to the API server', async (_what, claims) => {
    await expect(verifier().verify(await token(claims))).rejects.toMatchObject({ code: 'Unauthenticated' });
    expect(reviews).toHaveLength(0);
  });

  it.each([[0], [403], [500], [429]])('gives 503 while the API server answers %d', async (status) => {
    const subject = verifier();
    const text = await token();
    answer = { status, body: {} };
    await expect(subject.verify(text)).rejects.toMatchObject({ code: 'IssuerUnavailable', status: 503 });
    answer = good();
    await subject.verify(text);
  });

  it('gives 503 where our own token cannot be read', async () => {
    await rm(join(folder, 'token'));
    await expect(verifier().verify(await token())).rejects.toMatchObject({ code: 'IssuerUnavailable' });
  });
});

describe('a service account', () => {
  const serviceAccounts = [
    { namespace: 'shared', name: '*', role: 'viewer' as const },
    { namespace: 'shared', name: 'billing', role: 'app' as const, tenants: ['acme', 'globex'] },
    { namespace: 'ops', name: 'deploy', role: 'admin' as const },
  ];
  const of = (user: string): unknown => callerOfAccount(user, { serviceAccounts });

  it('is matched by its own name before its namespace', () => {
    expect(of('system:serviceaccount:shared:billing')).toMatchObject({
      role: 'app',
      tenants: ['acme', 'globex'],
    });
    expect(of('system:serviceaccount:shared:else')).toMatchObject({ role: 'viewer', tenants: ['shared'] });
    expect(of('system:serviceaccount:ops:deploy')).toMatchObject({ role: 'admin', tenants: 'all' });
  });

  it.each([
    ['system:serviceaccount:ops:other'],
    ['system:serviceaccount:else:billing'],
    ['system:serviceaccount:shared:billing:x'],
    ['system:admin'],
    ['system:node:n1'],
    ['xsystem:serviceaccount:shared:billing'],
  ])('%s is nobody', (user) => {
    expect(() => of(user)).toThrow('the credential is not valid');
  });
});
