/** Tells whether a part of a Pod is as wanted, whatever Kubernetes and other webhooks have added to it. */

/** Lists whose elements have a key; others may have put elements of theirs in between. */
const KEYS: Readonly<Record<string, string>> = { volumeMounts: 'mountPath', env: 'name' };

/** True when everything in `wanted` is in `there`. */
export function covers(there: unknown, wanted: unknown, field = ''): boolean {
  if (Array.isArray(wanted)) return Array.isArray(there) && coversList(there, wanted, field);
  if (typeof wanted !== 'object' || wanted === null) return there === wanted;
  if (typeof there !== 'object' || there === null) return false;
  return Object.entries(wanted).every(([name, value]) =>
    covers((there as Record<string, unknown>)[name], value, name),
  );
}

function coversList(there: readonly unknown[], wanted: readonly unknown[], field: string): boolean {
  const key = KEYS[field];
  if (key === undefined) {
    return there.length === wanted.length && wanted.every((item, index) => covers(there[index], item));
  }
  const byKey = new Map(there.map((item) => [(item as Record<string, unknown>)[key], item]));
  return wanted.every((item) => covers(byKey.get((item as Record<string, unknown>)[key]), item));
}
