/** Fills the URL templates of the catalog; no value can change the host, the path or the query beyond its own place. */
import { TenantryError } from '../../errors.ts';

export type UrlValues = Readonly<Record<string, string | undefined>>;

const PLACEHOLDER = /\{([^{}]*)\}/g;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?$/i;
const WHOLE = /^\{[^{}]*\}$/;

/** What ends or changes a segment of a path, also for servers that decode before they look. */
const NO_SEGMENT = /[\s/\\?#%]|\p{Cc}|^\.{1,2}$/u;

/**
 * A placeholder within a host is one DNS label (RFC 1123); one that is the whole host may be a host name with a port.
 * In a path it is one segment or a part of it, in a query one value.
 *
 * @throws MissingSetting when a value is not there, InvalidRequest when it does not fit in its place
 */
export function fillUrl(template: string, values: UrlValues): URL {
  const [, scheme = '', host = '', path = '', query = ''] =
    /^(https?:\/\/)([^/?#]*)([^?#]*)(.*)$/s.exec(template) ?? [];
  const hostForm = WHOLE.test(host) ? HOST : LABEL;
  const filled = [
    scheme,
    fill(host, values, (value) => (hostForm.test(value) && value.length <= 253 ? value : undefined)),
    fill(path, values, (value) => (NO_SEGMENT.test(value) ? undefined : encodeURIComponent(value))),
    fill(query, values, encodeURIComponent),
  ].join('');
  const url = URL.parse(filled);
  if (url === null || url.username !== '' || url.password !== '') {
    throw new TenantryError('CatalogInvalid', `the address ${template} of the catalog is no URL`);
  }
  return url;
}

function fill(part: string, values: UrlValues, encode: (value: string) => string | undefined): string {
  return part.replace(PLACEHOLDER, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value === '') throw missing(name);
    const encoded = value.length > 2048 || !value.isWellFormed() ? undefined : encode(value);
    if (encoded !== undefined) return encoded;
    throw new TenantryError(
      'InvalidRequest',
      `the value of {${name}} does not fit in the provider’s address`,
    );
  });
}

function missing(name: string): TenantryError {
  return name === 'app'
    ? new TenantryError('MissingSetting', 'the address of the provider needs the slug of the app', {
        hint: 'set slug of the app in the document or the Platform, or {PROVIDER}_APP_NAME',
      })
    : new TenantryError('MissingSetting', `the address of the provider needs {${name}}`, {
        hint: `set spec.config.${name}, or connect again`,
      });
}

/**
 * Sends a URL elsewhere where its beginning is configured: the longest base wins, and what follows is appended.
 * @param origins base → URL, e.g. `https://api.github.com` → `https://github.example.com/api/v3`
 */
export function redirectOrigin(url: URL, origins: Readonly<Record<string, string>>): URL {
  const { href } = url;
  let best: Redirection | undefined;
  for (const each of redirectionsOf(origins)) {
    const { base } = each;
    if (base.length <= (best?.base.length ?? 0) || !href.startsWith(base)) continue;
    if (href.length === base.length || '/?#'.includes(href.charAt(base.length))) best = each;
  }
  return best === undefined ? url : new URL(best.target + href.slice(best.base.length));
}

interface Redirection {
  readonly base: string;
  readonly target: string;
}

/** The settings are the same object at each call, and never change. */
const known = new WeakMap<Readonly<Record<string, string>>, readonly Redirection[]>();

function redirectionsOf(origins: Readonly<Record<string, string>>): readonly Redirection[] {
  const before = known.get(origins);
  if (before) return before;
  const made = Object.entries(origins).flatMap(([text, target]) => {
    const base = URL.parse(text)?.href.replace(/\/+$/, '');
    return base === undefined ? [] : [{ base, target: target.replace(/\/+$/, '') }];
  });
  known.set(origins, made);
  return made;
}
