/** Makes Postgres SCRAM-SHA-256 verifiers, so that no password is ever part of an SQL text. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** Postgres' own defaults (scram_iterations, and SCRAM_DEFAULT_SALT_LEN in its source). */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

export interface ScramOptions {
  /** Default: 16 random bytes. */
  readonly salt?: Buffer;
  /** Default 4096. */
  readonly iterations?: number;
}

/**
 * The text that Postgres keeps in pg_authid.rolpassword, and takes after PASSWORD as it is:
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (RFC 5802, section 3; RFC 7677; pg_authid's page).
 */
export async function scramVerifier(password: string, options: ScramOptions = {}): Promise<string> {
  const { salt = randomBytes(SALT_BYTES), iterations = ITERATIONS } = options;
  const salted = await derive(saslPrep(password), salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** RFC 3454 table C.1.2: spaces that are not ASCII. */
const OTHER_SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g;

/** RFC 3454 table B.1: mapped to nothing. */
const NOTHING = /\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/g;

/** SASLprep (RFC 4013, sections 2.1 and 2.2). Prohibited characters stay, as Postgres and libpq have it. */
function saslPrep(password: string): string {
  return password.replace(OTHER_SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
}
