/** The KV version 2 engine: its table of routes, and the warnings for paths of version 1. */
import { type KvContext, kvContext } from './kv-context.ts';
import { kvDataRoutes } from './kv-data.ts';
import { kvMetadataRoutes } from './kv-metadata.ts';
import { kvVersionRoutes } from './kv-versions.ts';
import { type Engine, engineOf, type Route } from './routes.ts';
import type { KvState } from './state.ts';

const noRoot = 'Non-listing operations on the root of a K/V v2 mount are not supported.';
const wrongPath =
  "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation.";

/** Vault explains paths of KV version 1 with a warning. */
function warning(text: string): Route['operations'] {
  const answer = () => ({ status: 404, warnings: [text] });
  return { read: answer, list: answer, create: answer, update: answer, patch: answer, delete: answer };
}

export function kvEngine(state: KvState, about: Omit<KvContext, 'state' | 'index'>): Engine {
  const context = kvContext(state, about);
  return engineOf('kv', [
    ...kvDataRoutes(context),
    ...kvMetadataRoutes(context),
    ...kvVersionRoutes(context),
    { pattern: /^metadata$/, operations: warning(noRoot) },
    { pattern: /./, operations: warning(wrongPath) },
  ]);
}
