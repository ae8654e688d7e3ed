/**
 * The sidecar's way into the platform tables (schema `tenantry`). Row-level security binds each statement to one tenant;
 * what must see every tenant says so.
 */
import type { CallOptions } from '../../clients/http.ts';

/** One statement inside a transaction. */
export type Query = <R extends Record<string, unknown>>(
  sql: string,
  params?: readonly unknown[],
) => Promise<R[]>;

export interface Database {
  /** One transaction as this tenant: it sees and writes rows of this tenant only (`tenantry.tenant`). */
  asTenant<T>(tenant: string, work: (query: Query) => Promise<T>, options?: CallOptions): Promise<T>;
  /** One transaction over all tenants (`SET LOCAL ROLE tenantry_platform`): queue, overviews, look-ups by hash. */
  asPlatform<T>(work: (query: Query) => Promise<T>, options?: CallOptions): Promise<T>;
  /**
   * Statements over all tenants in one transaction and one round trip, for what is written often. They take no
   * parameters: values are quoted with `quoteLiteral`. A failure leaves nothing; after a lost connection nobody knows.
   */
  script(sql: string): Promise<void>;
  /** NOTIFY; the payload is JSON, at most 8,000 bytes, and never a secret. */
  notify(channel: string, payload: unknown): Promise<void>;
  /**
   * LISTEN on a connection of its own, made anew whenever it is lost.
   * @param listener.onGap called when notices may have been missed (connection lost, and again when it is back)
   */
  listen(channel: string, listener: Listener): Promise<Subscription>;
  /** True when a trivial statement works within a second. */
  isReachable(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Listener {
  onNotice(payload: unknown): void;
  onGap?(): void;
}

export interface Subscription {
  /** True while notices arrive; a cache that depends on them must not be trusted otherwise. */
  readonly connected: boolean;
  close(): Promise<void>;
}
