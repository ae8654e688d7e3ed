/** What a JWT says of itself before anything of it is verified: good only to choose who verifies it. */
import { decodeJwt, type JWTPayload } from 'jose';

/** Undefined for a text that is no JWT. */
export function unverifiedPayload(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
