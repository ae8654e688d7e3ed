/** The Lease of coordination.k8s.io/v1 as a record of who leads; pure. */

/** As the API server gives it: any field may be missing, others may have written anything that it accepts. */
export interface Lease {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string };
  readonly spec?: LeaseSpec | null;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

export interface Claim {
  readonly identity: string;
  /** Whole seconds. */
  readonly seconds: number;
  /** Milliseconds since 1970. */
  readonly wallNow: number;
}

/** leaseTransitions is an int32. */
const MOST_TRANSITIONS = 2 ** 31 - 1;

/** Nobody who leads renews more seldom: a longer duration was written by mistake, and a dead leader must be replaced. */
const LONGEST_LEASE_SECONDS = 600;

export function leasePath(namespace: string, name?: string): string {
  const base = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
}

/** Undefined where nobody holds it. */
export function holderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec?.holderIdentity || undefined;
}

/** How long a holder is to be believed that does not renew; our own duration where the record does not say. */
export function durationMsOf(lease: Lease, ownSeconds: number): number {
  const written = lease.spec?.leaseDurationSeconds ?? 0;
  return (written > 0 ? Math.min(written, LONGEST_LEASE_SECONDS) : ownSeconds) * 1000;
}

/** Changes whenever a holder writes; what others write beside it (labels, annotations) does not matter. */
export function recordOf(lease: Lease): string {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = lease.spec ?? {};
  return JSON.stringify([holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions]);
}

/** MicroTime: RFC 3339 with exactly six fractional digits; the API server refuses three. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

export function newLease(namespace: string, name: string, claim: Claim): Lease {
  const spec = { ...heldBy(claim), acquireTime: microTime(claim.wallNow), leaseTransitions: 0 };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
}

/** The same object with us as its holder, whoever held it before. */
export function claimed(lease: Lease, claim: Claim): Lease {
  const { acquireTime } = lease.spec ?? {};
  const renewed = holderOf(lease) === claim.identity;
  const transitions = lease.spec?.leaseTransitions ?? 0;
  return {
    ...lease,
    spec: {
      ...lease.spec,
      ...heldBy(claim),
      acquireTime: renewed && acquireTime ? acquireTime : microTime(claim.wallNow),
      leaseTransitions: renewed ? transitions : transitions < MOST_TRANSITIONS ? transitions + 1 : 0,
    },
  };
}

/** The same object without a holder. The API server demands a duration of at least one second all the same. */
export function released(lease: Lease, wallNow: number): Lease {
  const time = microTime(wallNow);
  const spec = {
    ...lease.spec,
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
  };
  return { ...lease, spec };
}

function heldBy({ identity, seconds, wallNow }: Claim): LeaseSpec {
  return { holderIdentity: identity, leaseDurationSeconds: seconds, renewTime: microTime(wallNow) };
}
