/** Carries vendors' scopes through the OAuth library, which gives some names a meaning of its own. */

/** OpenID Connect names that the library would treat by its own rules; to a vendor they are names like any other. */
const RESERVED = new Set(['openid', 'offline_access']);
const PREFIX = 'vendor:';

/** Stands for "no scope asked for" (Notion has none), since the library grants no empty request. */
const NONE = 'vendor:none';

/** The `scope` parameter as the library gets it. Vendors separate scopes by spaces or commas. */
export function toLibraryScope(scope: string | undefined): string {
  const names = splitScopes(scope).map((name) => (RESERVED.has(name) ? PREFIX + name : name));
  return names.length === 0 ? NONE : [...new Set(names)].join(' ');
}

/** The scopes that the vendor would name. */
export function toVendorScopes(scope: string | undefined): string[] {
  return splitScopes(scope)
    .filter((name) => name !== NONE)
    .map((name) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name));
}

export function splitScopes(scope: string | undefined): string[] {
  return (scope ?? '').split(/[\s,]+/).filter((name) => name !== '');
}
