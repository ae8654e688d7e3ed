/** The credentials of a pod: its service account's files and the variables that the kubelet sets. */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { TenantryError } from '../../errors.ts';
import type { KubeCredentials } from './credentials.ts';

/** https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws MissingSetting outside of a pod */
export async function readInCluster(
  env: Environment,
  folder = SERVICE_ACCOUNT_FOLDER,
): Promise<KubeCredentials> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  const tokenFile = join(folder, 'token');
  const caFile = join(folder, 'ca.crt');
  const token = await readFile(tokenFile, 'utf8').catch(() => undefined);
  if (!host || !port || token === undefined) {
    throw new TenantryError('MissingSetting', 'no way to the Kubernetes API server was found', {
      hint: 'pass --kubeconfig, set KUBECONFIG, or run in a pod with a service account token',
    });
  }
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').catch(() => '');
  const ca = await readFile(caFile, 'utf8').catch(() => undefined);
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ...(ca !== undefined && { ca, caFile }),
    headers: { authorization: `Bearer ${token.trim()}` },
    tokenFile,
    namespace: namespace.trim() || 'default',
  };
}
