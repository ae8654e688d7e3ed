/** Verifies JWTs of the configured issuers (RFC 7519, with the advice of RFC 8725). */
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { SidecarContext } from '../../context.ts';
import type { Caller } from '../caller.ts';
import { invalidCredential } from '../refusal.ts';
import { callerOfClaims, type IssuerSettings } from './claims.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { unverifiedPayload } from './unverified.ts';

/** Signatures with a key pair only: with `none` or HS* who verifies could also forge (RFC 8725, sections 2.1 and 3.1). */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** For clocks that differ. */
const TOLERANCE_SECONDS = 30;

interface Issuer {
  readonly settings: IssuerSettings;
  readonly keys: IssuerKeys;
}

export class JwtVerifier {
  readonly #issuers: readonly Issuer[];
  readonly #now: () => number;

  constructor({ settings, log, now }: Pick<SidecarContext, 'settings' | 'log' | 'now'>) {
    this.#now = now;
    this.#issuers = settings.spec.callers.jwt.map((issuer) => ({
      settings: issuer,
      keys: new IssuerKeys({
        issuer: issuer.issuer,
        jwksUrl: issuer.jwksUrl,
        now,
        onFailure: (error) =>
          log.warn({ err: error, issuer: issuer.issuer }, 'cannot read the keys of an issuer'),
      }),
    }));
  }

  /** Is this one for us? Nothing of the payload is verified yet. */
  knows({ iss }: JWTPayload): boolean {
    return this.#issuers.some(({ settings }) => settings.issuer === iss);
  }

  /** @throws Unauthenticated, or IssuerUnavailable while the issuer's keys are not known */
  async verify(token: string): Promise<Caller> {
    const { settings, keys } = this.#issuerOf(token);
    const verified = await jwtVerify(token, keys.getKey, {
      algorithms: ALGORITHMS,
      issuer: settings.issuer,
      audience: settings.audience,
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(this.#now()),
      requiredClaims: ['exp', 'sub'],
    }).catch((error: unknown) => {
      // A TypeError tells of a key that the algorithm cannot use.
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw invalidCredential(error);
      throw error;
    });
    return callerOfClaims(verified.payload, settings);
  }

  /** One issuer may serve several audiences, with a role for each. */
  #issuerOf(token: string): Issuer {
    const payload = unverifiedPayload(token);
    const audiences = [payload?.aud ?? []].flat();
    const found = this.#issuers.find(
      ({ settings }) => settings.issuer === payload?.iss && audiences.includes(settings.audience),
    );
    if (found === undefined) throw invalidCredential('no issuer with this iss and aud');
    return found;
  }
}
