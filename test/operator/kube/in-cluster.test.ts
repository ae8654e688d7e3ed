/** The client in a pod: files of the service account that are replaced while the operator runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKube } from '../../../src/operator/kube/connect.ts';
import { selfSigned } from './self-signed.ts';
import { json, type StrangeServer, startStrangeServer } from './strange-server.ts';

const PATH = '/api/v1/namespaces';

let server: StrangeServer;
let folder: string;

beforeAll(async () => {
  server = await startStrangeServer();
  folder = await mkdtemp(join(tmpdir(), 'tenantry-pod-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

it('goes on in a pod with the files of the service account, whenever they are replaced', async () => {
  await Promise.all([put('token', 'first-token\n'), put('ca.crt', server.ca), put('namespace', 'tenants\n')]);
  const { port } = new URL(server.url);
  let now = 0;
  const client = await connectKube({
    env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port },
    serviceAccountFolder: folder,
    now: () => now,
  });
  try {
    expect(client).toMatchObject({ server: server.url, namespace: 'tenants' });
    server.answer((_, response) => json(response, 200, {}));
    await client.get(PATH);
    await put('token', 'second-token');
    now += 10_000;
    await client.get(PATH);
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer first-token',
      'Bearer second-token',
    ]);

    const anew = selfSigned();
    server.replaceCertificate(anew);
    await expect(client.get(PATH)).rejects.toMatchObject({ code: 'KubernetesUnreachable' });
    await put('ca.crt', anew.cert);
    await client.get(PATH);

    // In the middle of being replaced it is empty or not there: what was known stays.
    await Promise.all([put('token', ''), rm(join(folder, 'ca.crt'))]);
    now += 10_000;
    await client.get(PATH);
    expect(server.asked.at(-1)?.authorization).toBe('Bearer second-token');
  } finally {
    await client.close();
  }
});

it('says what to do where there is neither a kubeconfig nor a pod', async () => {
  await expect(connectKube({ env: {}, serviceAccountFolder: '/nowhere' })).rejects.toMatchObject({
    code: 'MissingSetting',
    hint: expect.stringContaining('--kubeconfig'),
  });
});
