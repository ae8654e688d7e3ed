/** A source's schema that changes, as a vendor changes it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AirbyteClient, createAirbyteClient } from '../../../src/clients/airbyte.ts';
import { type DevAirbyte, startDevAirbyte } from '../../../src/dev/airbyte/server.ts';

interface Stream {
  readonly streamName: string;
  readonly propertyFields: readonly (readonly string[])[];
  readonly sourceDefinedPrimaryKey: readonly (readonly string[])[];
  readonly sourceDefinedCursorField: boolean;
}

let airbyte: DevAirbyte;
let client: AirbyteClient & { close(): void };
let sourceId: string;

beforeAll(async () => {
  airbyte = await startDevAirbyte();
  const { url, clientId, clientSecret } = airbyte;
  client = createAirbyteClient({ url, clientId, clientSecret, concurrency: 2 });
  const { workspaceId } = await client.post<{ workspaceId: string }>('/workspaces', { name: 'w' });
  const configuration = { sourceType: 'faker', count: 3 };
  ({ sourceId } = await client.post<{ sourceId: string }>('/sources', {
    name: 's',
    workspaceId,
    configuration,
  }));
});

afterAll(async () => {
  client.close();
  await airbyte.close();
});

async function streams(): Promise<Map<string, Stream>> {
  const found = (await client.get<Stream[]>('/streams', { sourceId })) ?? [];
  return new Map(found.map((stream) => [stream.streamName, stream]));
}

test('streams and columns come and go, and keys and cursors go with their columns', async () => {
  const before = await streams();
  airbyte.editSchema(sourceId, {
    removeStreams: ['purchases'],
    addStreams: [{ name: 'orders', columns: { id: 'integer' }, primaryKey: [['id']] }],
    addColumns: { users: { locale: 'string' } },
    removeColumns: { products: ['id', 'updated_at'] },
  });
  const after = await streams();
  expect([...after.keys()].sort()).toEqual(['orders', 'products', 'users']);
  expect(after.get('users')?.propertyFields).toEqual([
    ...(before.get('users')?.propertyFields ?? []),
    ['locale'],
  ]);
  expect(after.get('products')).toMatchObject({
    sourceDefinedPrimaryKey: [],
    sourceDefinedCursorField: false,
  });
  airbyte.editSchema(sourceId, {});
  expect(await streams()).toEqual(before);
});

test('a source that is not there cannot change', () => {
  expect(() => airbyte.editSchema('00000000-0000-4000-8000-000000000000', {})).toThrow();
});
