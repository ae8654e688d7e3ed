/** What the claims of a verified JWT make of its bearer. */
import { z } from 'zod';
import { documentName } from '../../../spec/names.ts';
import { type Caller, isRole, type Role } from '../caller.ts';
import { invalidCredential } from '../refusal.ts';
import type { CallerSettings } from '../settings.ts';

export type IssuerSettings = CallerSettings['jwt'][number];
export type Claims = Readonly<Record<string, unknown>>;

const MOST_TENANTS = 1_000;
const MOST_SUBJECT = 255;

const tenantsClaim = z.union([
  documentName.transform((name) => [name]),
  z.array(documentName).min(1).max(MOST_TENANTS),
]);

/**
 * Role and tenants by the settings of the issuer.
 *
 * Role admin reaches every tenant, and "admin" is also the word of many identity providers for somebody who runs one
 * customer's account. So a claim makes an admin only where `roleClaim` is set and the token names no tenant; an issuer
 * whose `role` is admin, without a claim, is one for the platform's engineers.
 * @throws Unauthenticated for an unknown role, and for a token that names no tenant and is no admin's
 */
export function callerOfClaims(claims: Claims, settings: IssuerSettings): Caller {
  const { sub } = claims;
  // It goes into the audit and the log: nothing that breaks a line.
  if (typeof sub !== 'string' || sub.length > MOST_SUBJECT || /\p{Cc}/u.test(sub) || sub === '') {
    throw invalidCredential('sub is not usable');
  }
  const id = `jwt:${settings.issuer}#${sub}`;
  const claimed = claimedRole(claims, settings);
  const role = claimed ?? settings.role;
  const named = own(claims, settings.tenantClaim);
  if (role === 'admin') {
    if (claimed !== undefined && named !== undefined && named !== null) {
      throw invalidCredential('role admin together with a tenant');
    }
    return { kind: 'jwt', id, role, tenants: 'all' };
  }
  const tenants = tenantsClaim.safeParse(named);
  if (!tenants.success) throw invalidCredential(`the claim ${settings.tenantClaim} names no tenant`);
  return { kind: 'jwt', id, role, tenants: tenants.data };
}

/** Undefined where no claim is asked for, or the token has none. A role that we do not know is not guessed. */
function claimedRole(claims: Claims, { roleClaim }: IssuerSettings): Role | undefined {
  if (roleClaim === undefined) return undefined;
  const value = own(claims, roleClaim);
  if (value === undefined) return undefined;
  const [one, ...more] = Array.isArray(value) ? (value as unknown[]) : [value];
  if (!isRole(one) || more.length > 0) throw invalidCredential(`the claim ${roleClaim} holds no role`);
  return one;
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
