/** Ownership marks: how an object says which stack and driver made it, and for which tenant. */
import type { DeletionPolicy } from '../spec/fields.ts';

/** A driver instance: `cli:<stack>`, `pulumi:<project>/<stack>` or `operator:<cluster>`. */
export type Owner = string;

/** What the command line makes belongs to the stack: `cli:<stack>`. */
export function cliOwner(stack: string): Owner {
  return `cli:${stack}`;
}

/** Is this text an owner? Marks are fields with spaces between them, so it holds none. */
export function isOwner(text: string): boolean {
  return /^(cli|operator|pulumi):[a-z0-9A-Z][a-z0-9A-Z._-]*(\/[a-z0-9A-Z][a-z0-9A-Z._-]*)?$/.test(text);
}

/** Does a driver hold the lock of its owner only while it works? An operator holds it for as long as it leads. */
export function isRunByLock(owner: Owner): boolean {
  return !owner.startsWith('operator:');
}

/** What an operator makes belongs to its cluster: `operator:<cluster>`. */
export function operatorOwner(cluster: string): Owner {
  return `operator:${cluster}`;
}

/** What a mark says. */
export interface Mark {
  readonly owner: Owner;
  /** The tenant the object belongs to; absent on what a whole platform shares. */
  readonly tenant?: string | undefined;
  /** What becomes of the object when its document goes. */
  readonly deletion?: DeletionPolicy | undefined;
  /** Version of the secret that was last written into the object, where reading it back is not possible. */
  readonly secret?: string | undefined;
}

const PREFIX = 'tenantry:';

/** A mark as one line of text, for a Postgres comment or the header of a Vault policy. */
export function formatMark(mark: Mark): string {
  const fields = [`owner=${mark.owner}`];
  if (mark.tenant !== undefined) fields.push(`tenant=${mark.tenant}`);
  if (mark.deletion !== undefined) fields.push(`deletion=${mark.deletion}`);
  if (mark.secret !== undefined) fields.push(`secret=${mark.secret}`);
  return `${PREFIX} ${fields.join(' ')}`;
}

/** Reads a mark out of a text that begins with one; undefined when the text holds none. */
export function parseMark(text: string | null | undefined): Mark | undefined {
  const line = text?.split('\n', 1)[0];
  if (!line?.startsWith(`${PREFIX} `)) return undefined;
  const fields = new Map<string, string>();
  for (const field of line.slice(PREFIX.length + 1).split(' ')) {
    const cut = field.indexOf('=');
    if (cut > 0) fields.set(field.slice(0, cut), field.slice(cut + 1));
  }
  return markFromFields(fields);
}

function markFromFields(fields: ReadonlyMap<string, string>): Mark | undefined {
  const owner = fields.get('owner');
  if (owner === undefined) return undefined;
  const deletion = fields.get('deletion');
  return {
    owner,
    tenant: fields.get('tenant'),
    deletion: deletion === 'Retain' || deletion === 'Delete' ? deletion : undefined,
    secret: fields.get('secret'),
  };
}

/** Custom metadata of a KV v2 path that hold a mark. */
export function markMetadata(mark: Mark): Record<string, string> {
  const metadata: Record<string, string> = { tenantry_owner: mark.owner };
  if (mark.tenant !== undefined) metadata['tenantry_tenant'] = mark.tenant;
  if (mark.deletion !== undefined) metadata['tenantry_deletion'] = mark.deletion;
  return metadata;
}

/** Reads a mark out of custom metadata. */
export function parseMetadataMark(
  metadata: Readonly<Record<string, string>> | null | undefined,
): Mark | undefined {
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (key.startsWith('tenantry_')) fields.set(key.slice('tenantry_'.length), value);
  }
  return markFromFields(fields);
}

/**
 * Airbyte has no field for a mark on sources, destinations and workspaces, so it stands behind the name:
 * `acme-notion [tenantry:cli:dev/acme]`.
 */
export function markedName(base: string, mark: { owner: Owner; tenant: string }): string {
  return `${base} [${PREFIX}${mark.owner}/${mark.tenant}]`;
}

/** The name of an object of ours in Airbyte with another owner. */
export function nameWithOwner(name: string, owner: Owner): string {
  const { base, mark } = parseMarkedName(name);
  return mark?.tenant === undefined ? name : markedName(base, { owner, tenant: mark.tenant });
}

/** Splits a name in Airbyte into its base and its mark. */
export function parseMarkedName(name: string): { base: string; mark: Mark | undefined } {
  const match = /^(.*) \[tenantry:(.+)\/([a-z0-9-]+)\]$/.exec(name);
  if (!match) return { base: name, mark: undefined };
  const [, base = '', owner = '', tenant] = match;
  return { base, mark: { owner, tenant } };
}
