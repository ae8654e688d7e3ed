/** A connection's inputs as Airbyte has them. */
import { type ConnectionObserved, scheduleText } from '../../../resources/airbyte/connection.ts';
import { parseMarkedName } from '../../../resources/mark.ts';
import type { ConnectionProperties } from './connection.ts';

type Found = ConnectionObserved['connection'];
type Stream = ConnectionProperties['streams'][number];

/** Each setting that Airbyte has otherwise; of a stream only what was asked for, because the rest is Airbyte's choice. */
export function driftedConnection(wanted: ConnectionProperties, found: Found): ConnectionProperties {
  const isOurs = found.namespaceDefinition === undefined || found.namespaceDefinition === 'custom_format';
  return {
    ...wanted,
    name: parseMarkedName(found.name).base,
    sourceId: found.sourceId,
    destinationId: found.destinationId,
    // With another definition the format means nothing.
    namespace: isOurs ? (found.namespaceFormat ?? wanted.namespace) : `(${found.namespaceDefinition})`,
    prefix: found.prefix ?? '',
    schedule: scheduleText(found.schedule),
    schemaChanges: found.nonBreakingSchemaUpdatesBehavior ?? wanted.schemaChanges,
    status: found.status === 'inactive' ? 'inactive' : found.status === 'active' ? 'active' : wanted.status,
    streams:
      wanted.streams.length === 0 ? [] : driftedStreams(wanted.streams, found.configurations.streams ?? []),
  };
}

function driftedStreams(
  wanted: readonly Stream[],
  found: NonNullable<Found['configurations']['streams']>,
): Stream[] {
  const there = new Map(found.map((stream) => [stream.name, stream]));
  const known = wanted.flatMap((stream) => {
    const now = there.get(stream.name);
    there.delete(stream.name);
    return now ? [driftedStream(stream, now)] : [];
  });
  const more = [...there.values()].map(({ name, syncMode }) => ({ name, ...(syncMode && { syncMode }) }));
  return [...known, ...more];
}

function driftedStream(
  wanted: Stream,
  found: NonNullable<Found['configurations']['streams']>[number],
): Stream {
  const drifted: Stream = { ...wanted };
  if (wanted.syncMode !== undefined && found.syncMode !== undefined) drifted.syncMode = found.syncMode;
  if (wanted.cursorField) drifted.cursorField = [...(found.cursorField ?? [])];
  if (wanted.primaryKey) drifted.primaryKey = (found.primaryKey ?? []).map((path) => [...path]);
  return drifted;
}
