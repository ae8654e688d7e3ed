/** Finds the connection of a tenant's integration in Airbyte: by its name, in the name of who has claimed the tenant. */
import type { AirbyteClient } from '../../clients/airbyte.ts';
import type { VaultClient } from '../../clients/vault.ts';
import { markedName, parseMarkedName } from '../../resources/mark.ts';
import { claimPath } from '../../resources/vault/paths.ts';
import type { Found } from './store.ts';
import type { Wanted } from './wanted.ts';

interface Connection extends Found {
  readonly name: string;
}

export interface Connections {
  /** Undefined where there is none yet, or the tenant is not applied. */
  find(wanted: Wanted, signal: AbortSignal): Promise<Found | undefined>;
  /** Whose a connection is, by its name alone; undefined where it is not Tenantry's or gone. */
  nameOf(connectionId: string, signal: AbortSignal): Promise<{ tenant: string; name: string } | undefined>;
}

/** All connections are listed at once, however many are looked for in this time, in milliseconds. */
const LIST_MS = 10_000;
const MS_PER_CONNECTION = 5;

export function createConnections(parts: {
  readonly airbyte: Pick<AirbyteClient, 'get' | 'listAll'>;
  readonly vault: Pick<VaultClient, 'read' | 'kvMount'>;
}): Connections {
  const { airbyte, vault } = parts;
  let listed: { readonly at: number; readonly byName: Promise<Map<string, Connection>> } | undefined;

  async function list(): Promise<Map<string, Connection>> {
    const all = await airbyte.listAll<Connection>('/connections', {});
    return new Map(all.map((connection) => [connection.name, connection]));
  }

  function byName(): Promise<Map<string, Connection>> {
    const now = performance.now();
    if (listed && now - listed.at < LIST_MS) return listed.byName;
    const made = { at: now, byName: list() };
    listed = made;
    made.byName.catch(() => {
      if (listed === made) listed = undefined;
    });
    return made.byName;
  }

  async function ownerOf(tenant: string, signal: AbortSignal): Promise<string | undefined> {
    const claim = await vault.read<{ data: { owner?: string } | null }>(
      `${vault.kvMount}/data/${claimPath(tenant)}`,
      { signal },
    );
    return claim?.data?.owner;
  }

  return {
    async find({ tenant, name }, signal) {
      const owner = await ownerOf(tenant, signal);
      if (owner === undefined) return undefined;
      const marked = markedName(name, { owner, tenant });
      const known = await byName();
      let found = known.get(marked);
      // One that was made since the list was read is worth a second one, and a short list is soon read.
      const patience = Math.min(LIST_MS / 5, known.size * MS_PER_CONNECTION);
      if (!found && listed && performance.now() - listed.at > patience) {
        listed = undefined;
        found = (await byName()).get(marked);
      }
      if (!found) return undefined;
      const { connectionId, sourceId, workspaceId } = found;
      return { connectionId, sourceId, workspaceId };
    },
    async nameOf(connectionId, signal) {
      const found = await airbyte.get<Connection>(`/connections/${connectionId}`, {}, { signal });
      const { base, mark } = parseMarkedName(found?.name ?? '');
      if (mark?.tenant === undefined || (await ownerOf(mark.tenant, signal)) !== mark.owner) return undefined;
      return { tenant: mark.tenant, name: base };
    },
  };
}
