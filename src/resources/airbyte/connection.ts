/** Kind airbyte:connection: brings a source's streams into the tenant's schema, on a schedule or by hand. */
import { TenantryError } from '../../errors.ts';
import { type Change, changed, kind, type Observed } from '../kind.ts';
import { markedName, nameWithOwner } from '../mark.ts';
import { type Adoptable, type Adopting, adoptedNames, missingAdopted, twoForOne } from './adoption.ts';
import { listInScope } from './in-scope.ts';
import { indexByKey, workspaceKey } from './index-by-key.ts';

export interface Stream {
  readonly name: string;
  readonly syncMode?: string | undefined;
  readonly cursorField?: readonly string[] | undefined;
  readonly primaryKey?: readonly (readonly string[])[] | undefined;
}

export interface ConnectionInputs extends Adopting {
  /** Name without the mark. */
  readonly name: string;
  readonly tenant: string;
  readonly workspaceId: string;
  readonly sourceId: string;
  readonly destinationId: string;
  /** Schema that the tables are made in. */
  readonly namespace: string;
  readonly prefix: string;
  /** Streams to sync; empty means every stream that Airbyte discovers. */
  readonly streams: readonly Stream[];
  /** Quartz cron expression in UTC, or `manual`. */
  readonly schedule: string;
  readonly schemaChanges: string;
  readonly status: 'active' | 'inactive';
}

export interface ConnectionObserved extends Adoptable {
  readonly connectionId: string;
  readonly connection: Connection;
}

interface Connection {
  readonly connectionId: string;
  readonly name: string;
  readonly workspaceId: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly namespaceDefinition?: string;
  readonly namespaceFormat?: string;
  readonly prefix?: string;
  readonly status: string;
  readonly schedule: { readonly scheduleType: string; readonly cronExpression?: string };
  readonly nonBreakingSchemaUpdatesBehavior?: string;
  readonly configurations: { readonly streams?: readonly Stream[] };
  readonly createdAt?: number;
}

function observedConnection(connection: Connection, mark: Observed['mark']): ConnectionObserved {
  return { connectionId: connection.connectionId, connection, mark };
}

/** Airbyte adds ` UTC` to a cron expression when it is read. */
export function scheduleText(schedule: Connection['schedule']): string {
  if (schedule.scheduleType !== 'cron') return schedule.scheduleType;
  return (schedule.cronExpression ?? '').replace(/ UTC$/, '');
}

/** A stream as text, with only the fields that are wanted, so that Airbyte's own defaults do not count. */
function streamText(stream: Stream, wanted: Stream): string {
  const parts = [stream.syncMode ?? ''];
  if (wanted.cursorField) parts.push(`cursor ${(stream.cursorField ?? []).join('.')}`);
  if (wanted.primaryKey)
    parts.push(`key ${(stream.primaryKey ?? []).map((path) => path.join('.')).join('+')}`);
  return parts.join(' ');
}

function streamChanges(wanted: readonly Stream[], found: readonly Stream[]): Change[] {
  if (wanted.length === 0) return [];
  const there = new Map(found.map((stream) => [stream.name, stream]));
  const changes: Change[] = [];
  for (const stream of wanted) {
    const before = there.get(stream.name);
    there.delete(stream.name);
    changes.push(
      ...changed(`streams.${stream.name}`, before && streamText(before, stream), streamText(stream, stream)),
    );
  }
  for (const name of there.keys()) changes.push({ path: `streams.${name}`, before: 'synced' });
  return changes;
}

function body(inputs: ConnectionInputs, name: string): Record<string, unknown> {
  return {
    name,
    namespaceDefinition: 'custom_format',
    namespaceFormat: inputs.namespace,
    prefix: inputs.prefix,
    status: inputs.status,
    nonBreakingSchemaUpdatesBehavior: inputs.schemaChanges,
    ...(inputs.streams.length > 0 ? { configurations: { streams: inputs.streams } } : {}),
    schedule:
      inputs.schedule === 'manual'
        ? { scheduleType: 'manual' }
        : { scheduleType: 'cron', cronExpression: inputs.schedule },
  };
}

export const connection = kind<ConnectionInputs, ConnectionObserved>({
  type: 'airbyte:connection',
  backend: 'airbyte',
  ownership: 'mark',
  holdsData: false,
  key: (inputs) => workspaceKey(inputs.workspaceId, inputs.name),

  async observe(inputs, world) {
    const query = { workspaceIds: [inputs.workspaceId] };
    const connections = await world.airbyte.listAll<Connection>('/connections', query, world);
    return index(connections, [inputs]).get(this.key(inputs));
  },

  async observeAll(world, scope) {
    const connections = await listInScope<Connection>('/connections', world, scope);
    return index(connections, scope.wanted as ConnectionInputs[]);
  },

  unmakeable: (inputs) => missingAdopted(`connection ${inputs.name}`, inputs),
  unfit: (inputs, observed) =>
    twoForOne(`connection ${inputs.name}`, inputs, observed) ?? unlikeAdopted(inputs, observed),

  diff(inputs, observed) {
    if (!observed) return [{ path: 'schedule', after: inputs.schedule }];
    const found = observed.connection;
    return [
      ...(observed.mark ? [] : changed('name', found.name, inputs.name)),
      ...changed('source', found.sourceId, inputs.sourceId),
      ...changed('destination', found.destinationId, inputs.destinationId),
      ...changed('schedule', scheduleText(found.schedule), inputs.schedule),
      ...changed('status', found.status, inputs.status),
      ...changed('namespace', found.namespaceFormat, inputs.namespace),
      ...changed('namespaceDefinition', found.namespaceDefinition, 'custom_format'),
      ...changed('prefix', found.prefix ?? '', inputs.prefix),
      ...changed('schemaChanges', found.nonBreakingSchemaUpdatesBehavior, inputs.schemaChanges),
      ...streamChanges(inputs.streams, found.configurations.streams ?? []),
    ];
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant };
    const wanted = body(inputs, markedName(inputs.name, mark));
    const found = observed?.connection;
    const missing = observed
      ? unlikeAdopted(inputs, observed)
      : missingAdopted(`connection ${inputs.name}`, inputs);
    if (missing) throw missing;
    if (found && found.sourceId === inputs.sourceId && found.destinationId === inputs.destinationId) {
      const path = `/connections/${found.connectionId}`;
      return observedConnection(await world.airbyte.patch<Connection>(path, wanted, world), mark);
    }
    // The API can move a connection to no other source or destination: it is made anew.
    if (found) await world.airbyte.delete(`/connections/${found.connectionId}`, world);
    const created = { ...wanted, sourceId: inputs.sourceId, destinationId: inputs.destinationId };
    return observedConnection(await world.airbyte.post<Connection>('/connections', created, world), mark);
  },

  async handOver(_key, { connectionId, connection: found }, { to }, world) {
    // Without its streams a PATCH would reset them to all streams.
    const body = { name: nameWithOwner(found.name, to), configurations: found.configurations };
    await world.airbyte.patch(`/connections/${connectionId}`, body, world);
  },

  async remove(_key, observed, world) {
    await world.airbyte.delete(`/connections/${observed.connectionId}`, world);
  },
});

/** A connection made anew would read everything again: nobody who has one taken over wants that. */
function unlikeAdopted(
  inputs: ConnectionInputs,
  { mark, connection: found }: ConnectionObserved,
): TenantryError | undefined {
  if (mark) return undefined;
  const ends = [
    ['source', found.sourceId, inputs.sourceId],
    ['destination', found.destinationId, inputs.destinationId],
  ] as const;
  const other = ends.find(([, is, wanted]) => is !== wanted);
  if (!other) return undefined;
  const [end, is] = other;
  return new TenantryError(
    'NotOwned',
    `connection ${found.connectionId} has the ${end} ${is}, which is not the tenant’s; Airbyte cannot move it, and made anew it would read everything again`,
    {
      hint: `name that ${end} in the document (spec.airbyte.${end}Id) to take it over too, or remove the connection in Airbyte`,
    },
  );
}

function index(
  connections: readonly Connection[],
  wanted: readonly ConnectionInputs[],
): Map<string, ConnectionObserved> {
  return indexByKey(connections, {
    key: (item, base) => workspaceKey(item.workspaceId, base),
    id: (item) => item.connectionId,
    observed: observedConnection,
    adopted: adoptedNames(wanted, ({ name }) => name),
  });
}
