/** Finds the source of a tenant's integration in Airbyte; its id of before is a hint and no more. */
import type { AirbyteClient } from '../../../clients/airbyte.ts';
import type { CallOptions } from '../../../clients/http.ts';
import type { CredentialPlace } from '../../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../../errors.ts';
import type { ActorInputs } from '../../../resources/airbyte/actor.ts';
import { source } from '../../../resources/airbyte/source.ts';
import { workspace } from '../../../resources/airbyte/workspace.ts';
import type { World } from '../../../resources/kind.ts';
import type { SidecarContext } from '../../context.ts';
import type { Database } from '../../database/database.ts';
import { requireIntegration } from '../../stack/view.ts';
import { type DiscoveredStream, discover } from './discovery.ts';

export interface SourceParts {
  readonly airbyte: AirbyteClient;
  readonly database: Pick<Database, 'asTenant'>;
  readonly stack: SidecarContext['stack'];
  readonly settings: Pick<SidecarContext['settings'], 'backends' | 'withoutAirbyte'>;
}

export interface DiscoveredSource {
  readonly sourceId: string;
  readonly streams: readonly DiscoveredStream[];
}

/**
 * Undefined where there is no source yet, or no Airbyte.
 * @throws AirbyteUnreachable, AirbyteRejected (the source cannot be read) …, in words without internal names
 */
export async function discoverSource(
  parts: SourceParts,
  place: CredentialPlace,
  options: CallOptions = {},
): Promise<DiscoveredSource | undefined> {
  if (parts.settings.withoutAirbyte !== undefined) return undefined;
  try {
    return await discovered(parts, place, options);
  } catch (thrown) {
    const error = asTenantryError(thrown);
    if (!error.code.startsWith('Airbyte')) throw error;
    // Its words name hosts and workspaces, which are nothing to a tenant.
    throw new TenantryError(error.code, 'the streams of the source could not be read', {
      cause: error,
      ...(error.retryable && { hint: 'try again later: Airbyte does not answer as it should' }),
    });
  }
}

async function discovered(
  parts: SourceParts,
  place: CredentialPlace,
  options: CallOptions,
): Promise<DiscoveredSource | undefined> {
  const { airbyte } = parts;
  const hint = await hintOf(parts, place, options);
  const hinted = hint === undefined ? undefined : await discover(airbyte, hint, options);
  if (hint !== undefined && hinted) return { sourceId: hint, streams: hinted };
  const sourceId = await findSource(parts, place, options);
  const streams = sourceId === undefined ? undefined : await discover(airbyte, sourceId, options);
  return sourceId !== undefined && streams ? { sourceId, streams } : undefined;
}

async function hintOf(
  { database }: SourceParts,
  { tenant, integration }: CredentialPlace,
  options: CallOptions,
): Promise<string | undefined> {
  const [row] = await database.asTenant(
    tenant,
    (query) =>
      query<{ source_id: string | null }>(
        'select source_id from tenantry.sync_states where tenant = $1 and integration = $2',
        [tenant, integration],
      ),
    options,
  );
  return row?.source_id ?? undefined;
}

async function findSource(
  { airbyte, stack, settings }: SourceParts,
  { tenant, integration }: CredentialPlace,
  { signal }: CallOptions,
): Promise<string | undefined> {
  const view = requireIntegration(stack.current(), tenant, integration);
  const { document } = view;
  const world = readingWorld(airbyte, signal);
  const workspaceId =
    settings.backends.airbyte.workspace === 'Shared'
      ? settings.backends.airbyte.workspaceId
      : (await workspace.observe({ tenant, ...adopted(view.tenant.spec.airbyte.workspaceId) }, world))
          ?.workspaceId;
  if (workspaceId === undefined) return undefined;
  const { sourceId } = document.spec.airbyte;
  const inputs: ActorInputs = {
    name: document.metadata.name,
    tenant,
    workspaceId,
    configuration: {},
    secretVersion: [],
    appliedVersion: '',
    recordPath: '',
    ...adopted(sourceId),
  };
  const found = await source.observe(inputs, world);
  // In a workspace that tenants share, a name alone says nothing.
  const isOurs = found?.mark?.tenant === tenant || (sourceId !== undefined && found?.id === sourceId);
  return found && isOurs ? found.id : undefined;
}

function adopted(id: string | undefined): { readonly adoptId?: string } {
  return id === undefined ? {} : { adoptId: id };
}

/** Looking at objects of Airbyte's needs nothing else. */
function readingWorld(airbyte: AirbyteClient, signal: AbortSignal | undefined): World {
  const unused = new Proxy(
    {},
    {
      get: () => {
        throw new TenantryError('Internal', 'a look at a source needs Airbyte alone');
      },
    },
  );
  const none = <T>(): T => unused as T;
  return { airbyte, vault: none(), postgres: none(), secrets: none(), owner: '', signal };
}
