/** How the sidecar's connections begin: as which role, and with which limits. */
import pg from 'pg';
import { clientConfig, type PostgresOptions } from '../../clients/postgres.ts';

export interface SessionLimits {
  /** Longest statement, in milliseconds; 0: no limit. */
  readonly statementMs: number;
}

/** A host that vanishes is noticed by the server after about a minute, and its locks are freed. */
const KEEPALIVES = 'tcp_keepalives_idle=30 tcp_keepalives_interval=10 tcp_keepalives_count=3';

/** Longest pause within a transaction, in milliseconds: a replica that hangs must not hold row locks for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** So much later than the server's own limit we stop waiting: it is the network then that has lost the answer. */
const ANSWER_MS = 1_000;

/**
 * Settings of the start-up packet hold for the whole connection: RESET goes back to them, not to the login's own.
 * A pooler in between must pass them on (PgBouncer does not).
 */
export function sessionConfig(
  options: PostgresOptions,
  role: string,
  limits: SessionLimits,
): pg.ClientConfig {
  const settings = [
    `role=${role}`,
    'search_path=pg_catalog,pg_temp',
    `statement_timeout=${limits.statementMs}`,
    `idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS}`,
    ...KEEPALIVES.split(' '),
  ];
  return {
    ...clientConfig(options),
    application_name: options.applicationName ?? 'tenantry sidecar',
    ...(limits.statementMs > 0 && { query_timeout: limits.statementMs + ANSWER_MS }),
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    types: { getTypeParser },
  };
}

const { builtins } = pg.types;

/** Counters and ids stay below 2^53, so they may be numbers; a day is no moment, so it stays text (YYYY-MM-DD). */
const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: 'text' | 'binary') => {
  if (type === builtins.INT8) return Number;
  if (type === builtins.DATE) return String;
  return pg.types.getTypeParser(type, format as 'text');
};
