/** Takes a version that was found in Vault into the books: a row of its own, and a job for its refresh. */
import { asTenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { type Account, accountOf } from '../oauth/account.ts';
import { type IntegrationView, scopesOf } from '../stack/view.ts';
import type { ReadCredential } from './custody.ts';
import type { Held } from './held.ts';
import { adopt, type Brought, endRow, type InstallationRow } from './installation-row.ts';
import { placeOf, type TokenParts } from './parts.ts';
import type { Schedule } from './schedule.ts';

export interface AdoptionParts extends Pick<TokenParts, 'database' | 'log' | 'now'> {
  readonly schedule: Schedule;
  readonly read: ReadCredential;
}

export interface Adoption {
  /**
   * Written by hand, by the command line, or by a replica that ended before it could write it down.
   * @param row as it was before the version was read
   * @returns false where somebody else was faster
   */
  now(view: IntegrationView, held: Held, row: InstallationRow | undefined): Promise<boolean>;
  /** The same without waiting; a failure is told in the log, and the next one to look tries again. */
  later(view: IntegrationView, held: Held, row: InstallationRow | undefined): void;
}

const NOBODY: Account = { orgId: undefined, orgName: undefined, installId: undefined };

export function createAdoption({ database, schedule, read, log, now }: AdoptionParts): Adoption {
  const underWay = new Set<string>();

  async function adoptNow(
    view: IntegrationView,
    held: Held,
    row: InstallationRow | undefined,
  ): Promise<boolean> {
    const place = placeOf(view);
    const live = row?.status === 'revoked' ? undefined : row;
    const next = schedule.at(place, held, true);
    const brought: Brought = {
      version: held.version,
      expiresAt: held.expiresAt,
      nextRefreshAt: next,
      scopes: held.scopes ?? scopesOf(view),
      account: accountOf(view.entry, held.facts),
      actor: undefined,
      now: now(),
    };
    const write = (each: Brought): Promise<boolean> =>
      database.asTenant(place.tenant, (query) => adopt(query, place, each, live?.credential_version));
    const isOurs = await write(brought).catch((thrown: unknown) => {
      const error = asTenantryError(thrown);
      if (error.code !== 'AccountMismatch') throw error;
      log.warn(
        { ...place, code: error.code },
        'a credential written by hand is for an account of another tenant',
      );
      return write({ ...brought, account: NOBODY });
    });
    if (!isOurs) return false;
    if (await read(place)) {
      await schedule.set(place, next);
      return true;
    }
    // Revoked since it was read: its row must not keep another tenant from the account.
    await database.asTenant(place.tenant, (query) =>
      endRow(query, place, { now: now(), seen: held.version }),
    );
    return false;
  }

  return {
    now: adoptNow,
    later(view, held, row) {
      const place = placeOf(view);
      const key = credentialPath(place.tenant, place.integration);
      if (underWay.has(key)) return;
      underWay.add(key);
      adoptNow(view, held, row)
        .catch((error: unknown) => {
          log.warn({ ...place, err: asTenantryError(error) }, 'a credential was not taken into the books');
        })
        .finally(() => underWay.delete(key));
    },
  };
}
