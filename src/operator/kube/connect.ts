/** Connects to the API server of a kubeconfig or, in a pod, to that of its own cluster. */
import type { Sleep } from '../../clients/retry.ts';
import { Redactor } from '../../redact.ts';
import type { KubeCall, KubeClient } from './client.ts';
import type { KubeCredentials } from './credentials.ts';
import { createKubeClient } from './http-client.ts';
import { readInCluster } from './in-cluster.ts';
import { findKubeconfig, readKubeconfig } from './kubeconfig.ts';
import { Login, type LoginOptions } from './login.ts';

export interface ConnectOptions {
  /** File. Default: KUBECONFIG (several are merged), ~/.kube/config, and without these the pod's service account. */
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig. Default: its current context. */
  readonly context?: string | undefined;
  /** The process's environment, also for the programs that log in. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of each try of each call; a watch counts when it begins. */
  readonly onCall?: ((call: KubeCall) => void) | undefined;
  /** Learns tokens and keys. Default: one of its own. */
  readonly redactor?: Redactor | undefined;
  readonly random?: (() => number) | undefined;
  readonly sleep?: Sleep | undefined;
  /** Milliseconds of the epoch. Default: the clock. */
  readonly now?: (() => number) | undefined;
  /** Ends the login. */
  readonly signal?: AbortSignal | undefined;
  /** Of the pod's service account. Default: where the kubelet puts it. */
  readonly serviceAccountFolder?: string | undefined;
}

/** A client that knows where it belongs. */
export interface ConnectedKube extends KubeClient {
  /** Namespace of the context or of the pod; `default` where neither says. */
  readonly namespace: string;
}

/**
 * Reads the credentials; the API server itself is not asked yet.
 * @throws MissingSetting (no kubeconfig and no pod), InvalidUsage (the kubeconfig is wrong), KubernetesUnauthorized (its
 * login failed), Cancelled
 */
export async function connectKube(options: ConnectOptions): Promise<ConnectedKube> {
  const now = options.now ?? Date.now;
  const redactor = options.redactor ?? new Redactor();
  const { first, read } = await firstLogin(options);
  const login = new Login(first, { redactor, now, ...(read && { read }) });
  const { onCall, random, sleep } = options;
  const client = createKubeClient(first.server, { login, redactor, now, onCall, random, sleep });
  return { ...client, namespace: first.namespace };
}

async function firstLogin(
  options: ConnectOptions,
): Promise<{ readonly first: KubeCredentials; readonly read?: LoginOptions['read'] }> {
  const { kubeconfig, context, env, signal, serviceAccountFolder } = options;
  const files = await findKubeconfig(kubeconfig, env);
  if (files === undefined) return { first: await readInCluster(env, serviceAccountFolder) };
  return {
    first: await readKubeconfig({ files, context, env, signal }),
    read: ({ carried }, stop) => readKubeconfig({ files, context, env, carried, signal: stop }),
  };
}
