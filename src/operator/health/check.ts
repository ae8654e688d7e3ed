/** What a probe is answered with. */

export interface NamedCheck {
  /** e.g. `api-server`. */
  readonly name: string;
  readonly ok: boolean;
  /** Why it fails, or how things are, for a person. Never a secret, never a tenant. */
  readonly reason?: string;
}

/** It fails when one of them does. */
export type Check = readonly NamedCheck[];

export function isPassed(check: Check): boolean {
  return check.every(({ ok }) => ok);
}
