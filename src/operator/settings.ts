/** How an operator was started. */
import { hostname } from 'node:os';

export interface OperatorFlags {
  /** Name of the cluster, in the owner `operator:<cluster>`. Default: name of the Platform document. */
  readonly cluster?: string | undefined;
  /** Only this namespace. Default: all. */
  readonly namespace?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** False: this process is the only one and leads at once. Default true. */
  readonly leaderElection?: boolean;
  /** Of the Lease. Default: the pod's or the context's namespace. */
  readonly leaseNamespace?: string | undefined;
  /** Default 0.0.0.0. */
  readonly healthHost?: string | undefined;
  /** 0 takes a free one. Default 8080. */
  readonly healthPort?: number | undefined;
  /** Port of the webhook that injects sidecars. Default: it is not served. */
  readonly webhookPort?: number | undefined;
  /** Folder with its tls.crt and tls.key. */
  readonly webhookCertDir?: string | undefined;
  /** Mean time between two looks at a tenant, in seconds. Default 600. */
  readonly pollSeconds?: number | undefined;
  /** Time between two looks at the syncs, in seconds. Default 60. */
  readonly syncPollSeconds?: number | undefined;
}

export interface StartOptions {
  /** Folder with the Platform document and private catalog entries. */
  readonly stackDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: OperatorFlags;
  /** Ends it in order: what is under way is finished. */
  readonly stop: AbortSignal;
  /** Ends it now. */
  readonly abort: AbortSignal;
  /** Takes each line of the log. Default: standard output. */
  readonly writeLog?: (line: string) => void;
}

export const LEASE_NAME = 'tenantry-operator';

/** Unique among the replicas, also after a restart in the same pod. */
export function identity(random: string): string {
  return `${hostname()}_${random}`;
}
