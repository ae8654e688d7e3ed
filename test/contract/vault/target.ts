/** What the contract needs of a Vault, and how it speaks to one. */
import { afterAll, beforeAll } from 'vitest';
import { type CallOptions, call, type Reply, tokenWith } from '../../dev/vault/client.ts';

export type { Reply } from '../../dev/vault/client.ts';

/** A running Vault with KV v2 at `secret/`. */
export interface ContractVault {
  readonly address: string;
  readonly rootToken: string;
  seal(): void | Promise<void>;
  unseal(): void | Promise<void>;
  close(): Promise<void>;
}

export interface ContractTarget {
  /**
   * False for the development Vault: what the product does not use it may refuse with 400, 404 or 405, as an absent
   * feature, where a whole Vault does it.
   */
  readonly isWhole: boolean;
  /** Vault under test; starts before the first test. */
  readonly vault: () => ContractVault;
}

/** Calls as root unless a token is given; paths are sent exactly as they are written. */
export interface Calls {
  (method: string, path: string, options?: CallOptions): Promise<Reply>;
  readonly get: (path: string, options?: CallOptions) => Promise<Reply>;
  readonly post: (path: string, body?: unknown, options?: CallOptions) => Promise<Reply>;
  readonly delete: (path: string, options?: CallOptions) => Promise<Reply>;
  /** A service token with this policy alone, besides `default`. */
  readonly tokenWith: (policyName: string, policy: string) => Promise<string>;
}

export function callsOf(target: ContractTarget): Calls {
  const send = (method: string, path: string, options?: CallOptions): Promise<Reply> =>
    call(target.vault(), method, path, options);
  return Object.assign(send, {
    get: (path: string, options?: CallOptions) => send('GET', path, options),
    post: (path: string, body: unknown = {}, options?: CallOptions) =>
      send('POST', path, { body, ...options }),
    delete: (path: string, options?: CallOptions) => send('DELETE', path, options),
    tokenWith: (policyName: string, policy: string) => tokenWith(target.vault(), policyName, policy),
  });
}

export function startOnce(isWhole: boolean, start: () => Promise<ContractVault>): ContractTarget {
  let vault: ContractVault | undefined;
  beforeAll(async () => {
    vault = await start();
  });
  afterAll(async () => vault?.close());
  return {
    isWhole,
    vault: () => {
      if (vault === undefined) throw new Error('the Vault of this contract is not running');
      return vault;
    },
  };
}

/** Asks again until the condition holds; for what only the server's clock can bring about. */
export async function eventually(condition: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so after ${limitMs / 1000} s`);
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** RFC 3339 in UTC with a fraction of any length. */
export const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
