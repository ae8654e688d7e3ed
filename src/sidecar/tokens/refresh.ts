/**
 * One refresh by the holder of the lease. The order of its steps is what makes it safe: the record of the call before the
 * call, the new refresh token in Vault before the new access token in anybody's hands.
 */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import type { AuthKind, ProviderContext, TokenSet } from '../providers/kind.ts';
import type { IntegrationView } from '../stack/view.ts';
import { createAftermath } from './aftermath.ts';
import type { ReadCredential } from './custody.ts';
import { type Held, renewedSecrets } from './held.ts';
import { type InstallationRow, isJudged } from './installation-row.ts';
import { keepAnswer } from './keep-answer.ts';
import type { Lease, Leases } from './leases.ts';
import { freshness } from './lifetime.ts';
import type { CredentialNotices } from './notices.ts';
import { placeOf, type TokenParts } from './parts.ts';
import { callProvider, TooLate } from './provider-call.ts';
import type { Schedule } from './schedule.ts';
import { judged, notConnected } from './trouble.ts';

export interface RefreshParts extends TokenParts {
  readonly random: () => number;
  readonly read: ReadCredential;
  readonly leases: Leases;
  readonly notices: CredentialNotices;
  readonly schedule: Schedule;
  /** Aborts when the process cannot wait any longer. */
  readonly lastCall: AbortSignal;
}

/** What somebody wants refreshed. */
export interface Wanted {
  readonly view: IntegrationView;
  /** A version that the service has refused; undefined: whatever is due by the clock. */
  readonly refused: number | undefined;
}

export interface Refreshed {
  readonly held: Held;
  /** `fresh`: nothing was to do; `unrenewable`: nothing can be done. */
  readonly how: 'refreshed' | 'fresh' | 'unrenewable';
  /**
   * Row, schedule, notice. False: something of it failed, and the next one to look mends it. Nobody waits for it but the
   * job of the refresh.
   */
  readonly written: Promise<boolean>;
}

/** The lease has passed before anything was sent: who still wants the token begins again. */
export class LeaseLost extends Error {}

interface Turn {
  readonly place: CredentialPlace;
  readonly view: IntegrationView;
  readonly lease: Lease;
  readonly row: InstallationRow | undefined;
  readonly held: Held;
}

type Provider = { readonly kind: AuthKind; readonly context: ProviderContext };

/** True when this is what was wanted, so that no call is needed. */
export function suits(
  parts: Pick<TokenParts, 'now' | 'settings'>,
  held: Held,
  { refused }: Pick<Wanted, 'refused'>,
): boolean {
  if (refused !== undefined && held.version === refused) return false;
  return freshness(held, parts.now(), parts.settings.spec.tokens.refreshBeforeSeconds * 1000) === 'fresh';
}

export function createRefresh(
  parts: RefreshParts,
): (wanted: Wanted, lease: Lease, row: InstallationRow | undefined) => Promise<Refreshed> {
  const { read, leases, providers } = parts;
  const after = createAftermath(parts);

  async function whileHeld<T>(place: CredentialPlace, lease: Lease, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // It ends by itself, too; until then others would wait for nothing.
      await leases.release(place, lease.fence).catch(() => undefined);
      throw error;
    }
  }

  async function call(turn: Turn, provider: Provider): Promise<TokenSet> {
    const { place, lease, held } = turn;
    const { fence, clock } = lease;
    const recorded = await whileHeld(place, lease, () =>
      leases.recordCall(place, { fence, version: held.version }),
    );
    if (!recorded) throw new LeaseLost();
    try {
      return await callProvider(provider, held, clock);
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
      await leases.release(place, fence).catch(() => undefined);
      throw new LeaseLost();
    }
  }

  /** Only a verdict about the tokens that count now is one. */
  async function ended(turn: Turn, wanted: Wanted, error: TenantryError): Promise<Refreshed> {
    const { place, lease, held } = turn;
    const found = await whileHeld(place, lease, () => read(place));
    if (found?.version === held.version) throw await after.judge(turn, error);
    await leases.release(place, lease.fence).catch(() => undefined);
    if (!found) throw notConnected(place);
    if (!suits(parts, found, wanted)) throw new LeaseLost();
    return { held: found, how: 'fresh', written: Promise.resolve(false) };
  }

  async function keep(turn: Turn, provider: Provider, answer: TokenSet): Promise<Refreshed> {
    const { place, lease, held } = turn;
    for (const secret of Object.values(answer.secrets)) parts.redactor.add(secret);
    const extend = async (): Promise<void> => {
      await leases.extend(place, lease.fence, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    };
    const kept = await keepAnswer({ ...parts, extend }, place, held, answer);
    if (kept.outcome === 'gone') {
      await endGrant(provider, { ...held, secrets: renewedSecrets(held, answer) });
      throw notConnected(place);
    }
    if (kept.outcome === 'overtaken') {
      await leases.release(place, lease.fence).catch(() => undefined);
      return { held: kept.held, how: 'fresh', written: Promise.resolve(false) };
    }
    return { held: kept.held, how: 'refreshed', written: after.succeeded(turn, kept.held) };
  }

  /** Revoked while it was refreshed: what was revoked at the provider was the token before this one. */
  async function endGrant({ kind, context }: Provider, held: Held): Promise<void> {
    const signal = AbortSignal.timeout(15_000);
    await kind.revoke({ ...context, signal }, held).catch((error: unknown) => {
      parts.log.warn({ err: asTenantryError(error) }, 'a token of a revoked credential was not ended');
    });
  }

  /** Undefined: there is nobody to ask, and that is written down. */
  async function providerOf(turn: Turn): Promise<Provider | undefined> {
    let provider: Provider;
    try {
      provider = await providers.of(turn.view, turn.held.facts);
    } catch (error) {
      throw await after.failed(turn, asTenantryError(error));
    }
    return provider.kind.canRenew(provider.context, turn.held) ? provider : undefined;
  }

  async function renew(turn: Turn, wanted: Wanted): Promise<Refreshed> {
    const provider = await providerOf(turn);
    if (!provider) return { held: turn.held, how: 'unrenewable', written: after.cannot(turn) };
    let answer: TokenSet;
    try {
      answer = await call(turn, provider);
    } catch (thrown) {
      if (thrown instanceof LeaseLost) throw thrown;
      const error = asTenantryError(thrown);
      if (error.code === 'NeedsReauthorization') return await ended(turn, wanted, error);
      if (!error.code.startsWith('Provider') && error.code !== 'MissingSetting') throw error;
      throw await after.failed(turn, error);
    }
    return await keep(turn, provider, answer);
  }

  return async (wanted, lease, row) => {
    const { view } = wanted;
    const place = placeOf(view);
    const held = await whileHeld(place, lease, () => read(place));
    if (!held) {
      await leases.release(place, lease.fence);
      throw notConnected(place);
    }
    const turn: Turn = { place, view, lease, row, held };
    if (suits(parts, held, wanted)) return { held, how: 'fresh', written: after.nothingToDo(turn) };
    if (row && isJudged(row, held.version)) {
      await leases.release(place, lease.fence);
      throw judged(row);
    }
    return await renew(turn, wanted);
  };
}
