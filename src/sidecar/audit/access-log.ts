/** The record of every use of a token: who, what for, when; never a token or a part of one. */

export const ACCESS_ACTIONS = [
  'token.read',
  'token.refresh',
  'token.store',
  'token.revoke',
  'proxy',
  'tool',
  'connect',
  'preview',
  'sync.check',
  'app.store',
  'app.remove',
] as const;

export type AccessAction = (typeof ACCESS_ACTIONS)[number];

export interface Access {
  readonly tenant: string;
  readonly integration: string;
  readonly action: AccessAction;
  /** Caller's id, or `system:…`. */
  readonly actor: string;
  readonly requestId?: string;
  /** `ok`, or an error code. */
  readonly outcome: string;
  /** A few words without secrets, e.g. `GET api.notion.com` or the tool's id. At most 200 characters. */
  readonly detail?: string;
}

export interface AccessLog {
  /**
   * Resolves when the record is on disk. Records of many requests go in one statement. While Postgres is away they are
   * kept in memory (bounded) and written to the log; when that is full it throws PostgresUnavailable, and the token must
   * not be handed out.
   */
  record(access: Access): Promise<void>;
  /** Writes what is kept; before the process ends. */
  flush(): Promise<void>;
}
