/** What tenants use, and the limits on it. */

export interface Used {
  readonly tenant: string;
  readonly integration: string;
  readonly calls?: number;
  readonly errors?: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

export interface UsageDay {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly integration: string;
  readonly calls: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Runs of syncs that began, and what they brought; the runner counts them with the run itself. */
  readonly syncs: number;
  readonly rows: number;
  readonly syncBytes: number;
}

export interface Usage {
  /**
   * Takes one call from the tenant's calls per minute (spec.quotas.callsPerMinute), counted over all replicas to within
   * a second.
   * @throws QuotaExceeded with retryAfterSeconds
   */
  admit(tenant: string): void;
  /** Adds up in memory and writes once a second. */
  count(used: Used): void;
  days(tenant: string, from: string, to: string): Promise<readonly UsageDay[]>;
  flush(): Promise<void>;
}
