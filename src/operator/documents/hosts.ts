/**
 * Which hosts `spec.config` of a document from Kubernetes may name. Airbyte calls them from inside of the platform's
 * network, and some of them with the tenant's token.
 */
import type { CatalogEntry, CatalogSetting } from '../../catalog/entry.ts';
import { templateStrings } from '../../catalog/placeholder.ts';
import type { Problem } from '../../errors.ts';
import { formatPath } from '../../spec/validate.ts';

/**
 * A host or URL that every program reads in the same way: without a login, an escape, a query or a fragment, behind which
 * another host could hide.
 */
const PLAIN = /^(?:https?:\/\/)?([a-z0-9.-]+)(?::\d{1,5})?(?:\/[a-z0-9._~/-]*)?$/i;

/** @param allowed hosts of the Platform document, e.g. `github.example.com` or `*.example.com` */
export function forbiddenHosts(
  entry: CatalogEntry,
  config: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
): Problem[] {
  return Object.entries(entry.airbyte?.config ?? {}).flatMap(([field, setting]) => {
    const may = [...(setting.hosts ?? []), ...allowed];
    return templateStrings(Object.hasOwn(config, field) ? config[field] : undefined, [field])
      .filter(({ text }) => isAddress(setting, text) && !isAllowed(text, may))
      .map(({ path }) => ({ path: formatPath(['spec', 'config', ...path]), message: refusal(may) }));
  });
}

/** What the catalog marks; and inside of settings whose form it does not know, every URL. */
function isAddress(setting: CatalogSetting, text: string): boolean {
  if (setting.hosts !== undefined) return true;
  return setting.pattern === undefined && !setting.secret && text.includes('://');
}

function isAllowed(text: string, hosts: readonly string[]): boolean {
  const host = PLAIN.exec(text)?.[1]?.toLowerCase();
  if (host === undefined) return false;
  return hosts.some((each) => (each.startsWith('*.') ? isBelow(host, each.slice(2)) : host === each));
}

function isBelow(host: string, domain: string): boolean {
  return host.endsWith(`.${domain}`) && !host.startsWith('.');
}

function refusal(hosts: readonly string[]): string {
  const may = hosts.length === 0 ? 'no host here' : hosts.slice(0, 10).join(', ');
  return `a document from Kubernetes may name ${may}; the Platform may allow more (spec.operator.hosts)`;
}
