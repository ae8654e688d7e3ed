/** JWTs of a real issuer on loopback, and what happens while it is away. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwtVerifier } from '../../../../src/sidecar/callers/jwt/verifier.ts';
import { sidecarSettingsOf, testContext } from '../../../support/sidecar-context.ts';
import { AUDIENCE, signingKey, startIssuer, type TestIssuer } from '../issuer.ts';

const clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const MINUTE = 60_000;
let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await startIssuer(() => clock.ms);
});
afterEach(() => issuer.close());

function verifier(changes: Record<string, unknown> = {}): JwtVerifier {
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, jwksUrl: `${issuer.url}/jwks`, ...changes }];
  const settings = sidecarSettingsOf({ callers: { jwt } });
  return new JwtVerifier(testContext({ settings, now: () => clock.ms }));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? 'unknown';
  }
}

const fetches = (): number => issuer.requests.filter((path) => path === '/jwks').length;

describe('a JWT', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('signed with %s is verified', async (alg) => {
    const key = await signingKey(alg);
    issuer.keys = [key];
    const caller = await verifier().verify(await issuer.sign({}, { key }));
    expect(caller).toEqual({
      kind: 'jwt',
      id: `jwt:${issuer.url}#user-1`,
      role: 'app',
      tenants: ['acme'],
    });
  });

  it('may be off by half a minute, and no more', async () => {
    const subject = verifier();
    const now = Math.floor(clock.ms / 1000);
    const code = async (claims: Record<string, unknown>): Promise<string> =>
      codeOf(subject.verify(await issuer.sign(claims)));
    expect(await code({ exp: now - 29 })).toBe('ok');
    expect(await code({ exp: now - 31 })).toBe('Unauthenticated');
    expect(await code({ nbf: now + 29 })).toBe('ok');
    expect(await code({ nbf: now + 31 })).toBe('Unauthenticated');
    expect(await code({ exp: undefined })).toBe('Unauthenticated');
    expect(await code({ sub: undefined })).toBe('Unauthenticated');
  });

  it('is checked with the settings of its audience', async () => {
    const jwt = [
      { issuer: issuer.url, audience: 'people', role: 'viewer' },
      { issuer: issuer.url, audience: AUDIENCE, role: 'tenant-admin' },
    ];
    const subject = new JwtVerifier(
      testContext({ settings: sidecarSettingsOf({ callers: { jwt } }), now: () => clock.ms }),
    );
    expect((await subject.verify(await issuer.sign())).role).toBe('tenant-admin');
    expect((await subject.verify(await issuer.sign({ aud: ['x', 'people'] }))).role).toBe('viewer');
    expect(await codeOf(subject.verify(await issuer.sign({ aud: 'others' })))).toBe('Unauthenticated');
  });
});

describe('the keys of an issuer', () => {
  it('are found by discovery, once', async () => {
    const subject = verifier({ jwksUrl: undefined });
    await Promise.all(Array.from({ length: 20 }, async () => subject.verify(await issuer.sign())));
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are not taken from a discovery document of another issuer', async () => {
    issuer.claimedIssuer = 'https://attacker.example.com';
    const subject = verifier({ jwksUrl: undefined });
    expect(await codeOf(subject.verify(await issuer.sign()))).toBe('IssuerUnavailable');
    expect(fetches()).toBe(0);
  });

  it('are not asked for anew by a storm of unknown key ids', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign());
    const stranger = await signingKey();
    const storm = async (): Promise<string[]> =>
      Promise.all(
        Array.from({ length: 50 }, async (_unused, index) =>
          codeOf(
            subject.verify(await issuer.sign({}, { key: stranger, header: { kid: `${clock.ms}-${index}` } })),
          ),
        ),
      );
    expect(new Set(await storm())).toEqual(new Set(['Unauthenticated']));
    expect(fetches()).toBe(1);
    clock.ms += 30_000;
    expect(new Set(await storm())).toEqual(new Set(['Unauthenticated']));
    expect(fetches()).toBe(2);
  });

  it('are found anew when the issuer has changed them', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign());
    const next = await signingKey('RS256');
    issuer.keys = [issuer.key, next];
    clock.ms += 30_000;
    expect(await codeOf(subject.verify(await issuer.sign({}, { key: next })))).toBe('ok');
    issuer.keys = [next];
    clock.ms += 10 * MINUTE;
    expect(await codeOf(subject.verify(await issuer.sign()))).toBe('Unauthenticated');
  });

  it('give 503 with the time to wait while nothing is known of them, and spare the issuer', async () => {
    const subject = verifier();
    for (const fault of [0, 500]) {
      issuer.fault = fault;
      clock.ms += 5_000;
      const before = fetches();
      for (let i = 0; i < 10; i++) {
        await expect(subject.verify(await issuer.sign())).rejects.toMatchObject({
          code: 'IssuerUnavailable',
          status: 503,
          retryAfterSeconds: 5,
        });
      }
      expect(fetches() - before).toBe(1);
    }
    issuer.fault = undefined;
    clock.ms += 5_000;
    expect(await codeOf(subject.verify(await issuer.sign()))).toBe('ok');
  });

  it('go on to count for an hour while the issuer is away', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign());
    issuer.fault = 0;
    for (let minutes = 0; minutes < 55; minutes += 5) {
      clock.ms += 5 * MINUTE;
      expect(await codeOf(subject.verify(await issuer.sign()))).toBe('ok');
    }
    clock.ms += 5 * MINUTE;
    expect(await codeOf(subject.verify(await issuer.sign()))).toBe('IssuerUnavailable');
    issuer.fault = undefined;
    clock.ms += 5_000;
    expect(await codeOf(subject.verify(await issuer.sign()))).toBe('ok');
  });
});
