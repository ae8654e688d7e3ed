/** The JWT with which a GitHub App proves itself. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { TenantryError } from '../../errors.ts';
import { authOf, type ProviderContext } from './kind.ts';

/** GitHub refuses a time in its future, and clocks differ: its own documentation says 60 s. */
const BACKDATED_SECONDS = 60;

/**
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 * @throws MissingSetting when the app has no usable private key
 */
export async function appJwt(context: ProviderContext): Promise<string> {
  const { app, entry } = context;
  const { jwtAlgorithm, jwtSeconds } = authOf(context, 'github_app');
  const issuedAt = Math.floor(context.now() / 1000) - BACKDATED_SECONDS;
  const key = privateKey(app.privateKey ?? '', entry.name);
  try {
    return await new SignJWT()
      .setProtectedHeader({ alg: jwtAlgorithm, typ: 'JWT' })
      .setIssuer(app.appId ?? app.clientId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + jwtSeconds)
      .sign(key);
  } catch {
    throw unusable(entry.name);
  }
}

/** PKCS #1, as GitHub hands it out, or PKCS #8. */
function privateKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's own message may quote the text.
    throw unusable(name);
  }
}

function unusable(name: string): TenantryError {
  return new TenantryError('MissingSetting', `the app of ${name} has no usable private key`, {
    hint: 'set privateKey of the app to the PEM that was downloaded (RSA, 2048 bits or more), or {PROVIDER}_PRIVATE_KEY',
  });
}
