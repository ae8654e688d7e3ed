/** Secrets for a process that lives long: what was resolved is looked up again after a while. */
import type { Secrets } from './secrets.ts';

/**
 * @param make gives Secrets with an empty memory
 * @param options.maxAgeMs longest time that a value is used, in milliseconds. Default 5 minutes.
 */
export function freshSecrets(
  make: () => Secrets,
  options: { readonly now: () => number; readonly maxAgeMs?: number },
): Secrets {
  const maxAgeMs = options.maxAgeMs ?? 300_000;
  let current = make();
  let madeAt = options.now();
  const fresh = (): Secrets => {
    if (options.now() - madeAt >= maxAgeMs) {
      current = make();
      madeAt = options.now();
    }
    return current;
  };
  return {
    resolve: (ref, call) => fresh().resolve(ref, call),
    version: (ref, call) => fresh().version(ref, call),
  };
}
