/** The contract of Vault's HTTP API as far as the product relies on it; every Vault that we use must pass it. */
import { describe } from 'vitest';
import { describeAppRole } from './approle.ts';
import { describeCrossing } from './crossing.ts';
import { describeJwt } from './jwt.ts';
import { describeKubernetes } from './kubernetes.ts';
import { describeKvData } from './kv-data.ts';
import { describeKvMetadata } from './kv-metadata.ts';
import { describeLogins } from './logins.ts';
import { describePolicies } from './policies.ts';
import { describeSystem } from './system.ts';
import { type ContractVault, startOnce } from './target.ts';
import { describeTokens } from './tokens.ts';
import { describeTransit } from './transit.ts';
import { describeTransitBatch } from './transit-batch.ts';

export interface ContractOptions {
  /** False where features that the product does not use may be absent. Default true. */
  readonly isWhole?: boolean;
}

/** One Vault serves the whole contract; each part keeps to mounts and names of its own. */
export function describeVaultContract(
  name: string,
  start: () => Promise<ContractVault>,
  { isWhole = true }: ContractOptions = {},
): void {
  describe(name, () => {
    const target = startOnce(isWhole, start);
    describe('KV v2 data', () => describeKvData(target));
    describe('KV v2 metadata', () => describeKvMetadata(target));
    describe('Transit', () => describeTransit(target));
    describe('Transit batches', () => describeTransitBatch(target));
    describe('policies', () => describePolicies(target));
    describe('crossing to another tenant', () => describeCrossing(target));
    describe('tokens', () => describeTokens(target));
    describe('AppRole', () => describeAppRole(target));
    describe('JWT login', () => describeJwt(target));
    describe('Kubernetes login', () => describeKubernetes(target));
    describe("logins of the product's client", () => describeLogins(target));
    describe('mounts, audit and sealing', () => describeSystem(target));
  });
}
