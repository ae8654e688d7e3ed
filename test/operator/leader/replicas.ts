/** Replicas that take part in an election, with the times during which each believed that it leads. */
import type { TenantryError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import { runElection } from '../../../src/operator/leader/election.ts';
import type { ElectionOptions } from '../../../src/operator/leader/leader.ts';

export interface Term {
  readonly identity: string;
  readonly from: number;
  /** Undefined while it leads. */
  to: number | undefined;
}

export interface Replica {
  readonly identity: string;
  readonly terms: Term[];
  readonly changes: { readonly leading: boolean; readonly holder: string | undefined }[];
  readonly faults: string[];
  readonly leads: boolean;
  /** Orderly. */
  stop(): void;
  readonly ended: Promise<void>;
}

export interface ReplicaOptions extends Partial<Omit<ElectionOptions, 'signal' | 'kube'>> {
  readonly kube: KubeClient;
  readonly identity: string;
  /** Of the recorded terms. */
  readonly now: () => number;
}

export function startReplica(options: ReplicaOptions): Replica {
  const { identity, now } = options;
  const stop = new AbortController();
  const terms: Term[] = [];
  const changes: { leading: boolean; holder: string | undefined }[] = [];
  const faults: string[] = [];
  const ended = runElection({
    namespace: 'tenantry',
    name: 'operator',
    signal: stop.signal,
    onChange: (state) => changes.push({ ...state }),
    onFault: (error) => faults.push((error as TenantryError).code),
    lead: async (lost) => {
      const term: Term = { identity, from: now(), to: undefined };
      terms.push(term);
      await aborted(AbortSignal.any([lost, stop.signal]));
      term.to = now();
    },
    ...options,
  });
  return {
    identity,
    terms,
    changes,
    faults,
    ended,
    get leads() {
      return terms.at(-1) !== undefined && terms.at(-1)?.to === undefined;
    },
    stop: () => stop.abort(),
  };
}

/** Pairs of terms of different replicas that overlap. */
export function overlaps(replicas: readonly Replica[], now: number): [Term, Term][] {
  const terms = replicas.flatMap((replica) => replica.terms);
  const end = ({ to }: Term): number => to ?? now;
  return terms.flatMap((one, index) =>
    terms
      .slice(index + 1)
      .filter((other) => other.identity !== one.identity && one.from < end(other) && other.from < end(one))
      .map((other): [Term, Term] => [one, other]),
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
