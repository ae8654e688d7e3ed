/**
 * Asks Airbyte for the streams of a source: `GET /streams` of its public API, which tells names of fields and no types.
 * What Airbyte has discovered last is read. A discovery of our own (`ignoreCache`) would count as Airbyte's daily one,
 * which then does not take place: and that one alone carries the connection's policy out.
 */
import type { AirbyteClient } from '../../../clients/airbyte.ts';
import type { CallOptions } from '../../../clients/http.ts';
import { type Snapshot, sorted } from './snapshot.ts';

export interface DiscoveredStream {
  readonly name: string;
  readonly syncModes: readonly string[];
  /** Paths of the key that the source defines; empty: none. */
  readonly primaryKey: readonly (readonly string[])[];
  /** Path of the cursor; empty: none. */
  readonly cursor: readonly string[];
  /** Paths of the fields, nested ones too. */
  readonly fields: readonly (readonly string[])[];
}

interface StreamAnswer {
  readonly streamName?: string;
  readonly syncModes?: readonly string[];
  readonly defaultCursorField?: readonly string[];
  readonly sourceDefinedPrimaryKey?: readonly (readonly string[])[];
  readonly propertyFields?: readonly (readonly string[])[];
}

/** Undefined where the source is gone. */
export async function discover(
  airbyte: Pick<AirbyteClient, 'get'>,
  sourceId: string,
  options: CallOptions = {},
): Promise<readonly DiscoveredStream[] | undefined> {
  const answer = await airbyte.get<readonly StreamAnswer[]>('/streams', { sourceId }, options);
  if (answer === undefined) return undefined;
  return answer.flatMap(
    ({ streamName, syncModes, defaultCursorField, sourceDefinedPrimaryKey, propertyFields }) =>
      streamName === undefined
        ? []
        : [
            {
              name: streamName,
              syncModes: syncModes ?? [],
              primaryKey: sourceDefinedPrimaryKey ?? [],
              cursor: defaultCursorField ?? [],
              fields: propertyFields ?? [],
            },
          ],
  );
}

export function snapshotOf(streams: readonly DiscoveredStream[]): Snapshot {
  return sorted(
    streams.map(({ name, fields, primaryKey, cursor }) => ({
      name: kept(name),
      fields: Object.fromEntries(fields.map((path) => [kept(path.join('.')), null] as const)),
      primaryKey: primaryKey.map((path) => kept(path.join('.'))),
      cursor: kept(cursor.join('.')),
    })),
  );
}

/** As JSON in Postgres can hold it. */
function kept(name: string): string {
  return name.toWellFormed().replaceAll('\u0000', '');
}
