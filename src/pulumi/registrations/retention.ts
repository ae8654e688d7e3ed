/** What stays in the world when a resource leaves the program. */
import type { Resource } from '../../plan/graph.ts';
import { kindOf } from '../../resources/index.ts';

/**
 * Pulumi has no state between there and gone: a role that is kept could still log in. So roles go in any case, and what
 * they own falls to the user that made them; rights are of no use without roles.
 */
const NEVER_KEPT: ReadonlySet<string> = new Set(['postgres:role', 'postgres:grants']);

/** Is the object kept when its resource goes? What all tenants share is, and with `Retain` what holds data. */
export function isRetained({ kind, tenant, deletion }: Resource): boolean {
  if (tenant === undefined) return true;
  return deletion === 'Retain' && kindOf(kind).holdsData !== false && !NEVER_KEPT.has(kind);
}
