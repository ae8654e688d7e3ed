/**
 * Keeps a short secret that came before its tenant is known, so that no tenant's key can be used: sealed with a key
 * derived from the app's client secret. The secret is of use only to who holds that, and it is in no table of ours.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param purpose what it is for; unsealing for another purpose fails */
export function seal(text: string, clientSecret: string, purpose: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(clientSecret, salt), iv);
  cipher.setAAD(Buffer.from(purpose));
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([salt, iv, cipher.getAuthTag(), encrypted]).toString('base64');
}

/** Undefined: sealed with another app's secret or for another purpose, or changed. */
export function unseal(sealed: string, clientSecret: string, purpose: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const tag = bytes.subarray(SALT_BYTES + IV_BYTES, SALT_BYTES + IV_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(clientSecret, salt), iv, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(tag);
    const encrypted = bytes.subarray(SALT_BYTES + IV_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** HKDF, RFC 5869. */
function keyOf(clientSecret: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', clientSecret, salt, 'tenantry sealed webhook secret', 32));
}
