/** One object whose calls get no answer is not a system that is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TenantryError } from '../../src/errors.ts';
import { Away } from '../../src/reconcile/away.ts';
import type { World } from '../../src/resources/kind.ts';
import {
  applyOnce,
  documentsOf,
  mustApply,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

const silence = new TenantryError('AirbyteUnreachable', 'no answer from Airbyte: time-out');

/** Systems that answer their health checks, or not, and count the questions. */
function worldThat(answers: boolean | Promise<boolean>): {
  readonly world: World;
  readonly asked: () => number;
} {
  let asked = 0;
  const ask = async (): Promise<boolean> => {
    asked += 1;
    return answers;
  };
  const vault = { health: async () => ({ sealed: !(await ask()) }) };
  const postgres = {
    query: async () => {
      if (!(await ask())) throw new TenantryError('PostgresUnreachable', 'no');
      return [];
    },
  };
  return { world: { vault, postgres, airbyte: { health: ask } } as unknown as World, asked: () => asked };
}

describe('a system', () => {
  test.each(['Vault', 'Postgres', 'Airbyte'] as const)(
    '%s that does not answer either is away',
    async (name) => {
      const away = new Away(worldThat(false).world);
      const error = new TenantryError(`${name}Unreachable`, 'no answer');
      await away.failed('acme', error);
      expect(away.error(name.toLowerCase() as 'vault')).toBe(error);
    },
  );

  test.each(['Vault', 'Postgres', 'Airbyte'] as const)('%s that answers is not', async (name) => {
    const away = new Away(worldThat(true).world);
    await away.failed('acme', new TenantryError(`${name}Unreachable`, 'no answer'));
    expect(away.error(name.toLowerCase() as 'vault')).toBeUndefined();
  });

  test('is away after three tenants in a row got no answer, whatever its health check says', async () => {
    const away = new Away(worldThat(true).world);
    for (const tenant of ['a', 'a', 'b']) await away.failed(tenant, silence);
    away.answered('airbyte');
    for (const tenant of ['c', 'd']) await away.failed(tenant, silence);
    expect(away.error('airbyte')).toBeUndefined();
    await away.failed('e', silence);
    expect(away.error('airbyte')).toBe(silence);
  });

  test('is asked once, however many resources ask at the same time', async () => {
    const answer = Promise.withResolvers<boolean>();
    const { world, asked } = worldThat(answer.promise);
    const away = new Away(world);
    const both = Promise.all([away.failed('a', silence), away.failed('a', silence)]);
    answer.resolve(false);
    await both;
    expect(asked()).toBe(1);
    expect(away.error('airbyte')).toBe(silence);
  });

  test('that is sealed need not be asked', async () => {
    const { world, asked } = worldThat(true);
    const away = new Away(world);
    await away.failed('a', new TenantryError('VaultSealed', 'Vault is sealed'));
    expect(away.error('vault')?.code).toBe('VaultSealed');
    expect(asked()).toBe(0);
  });

  test('is not blamed for another one that its resource needed too', async () => {
    const away = new Away(worldThat(false).world);
    await away.failed('a', new TenantryError('VaultUnreachable', 'no answer from Vault'));
    expect(away.error('airbyte')).toBeUndefined();
    expect(away.error('vault')).toBeDefined();
  });

  test('is not blamed for a refusal', async () => {
    const away = new Away(worldThat(false).world);
    await away.failed('a', new TenantryError('AirbyteRejected', 'no'));
    expect(away.error('airbyte')).toBeUndefined();
  });
});

describe('an apply', () => {
  let systems: Systems;
  beforeAll(async () => {
    systems = await startSystems();
  });
  afterAll(() => systems.close());

  test('in which one tenant gets no answer makes all the others', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `t${index}x`);
    const stack = await documentsOf(platformYaml() + names.map((name) => tenantYaml(name)).join(''));
    systems.airbyteProxy.fault = ({ method, body }) =>
      method === 'POST' && body.includes('"t3x [') ? 'cut' : 'pass';
    const applied = await applyOnce(systems, stack, { retries: 1 }).finally(() => {
      systems.airbyteProxy.fault = undefined;
    });
    expect(applied.ids('failed')).toEqual(['airbyte:workspace/t3x']);
    expect(
      new Set(applied.results.filter(({ tenant }) => tenant !== 't3x').map(({ outcome }) => outcome)),
    ).toEqual(new Set(['created', 'unchanged']));
    await mustApply(systems, stack);
  });

  test('gives up where the system answers its health check and nobody else', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `u${index}x`);
    const stack = await documentsOf(platformYaml() + names.map((name) => tenantYaml(name)).join(''));
    let calls = 0;
    systems.airbyteProxy.fault = ({ method, path }) => {
      if (method !== 'POST' || !path.endsWith('/workspaces')) return 'pass';
      calls += 1;
      return 'cut';
    };
    const applied = await applyOnce(systems, stack, { retries: 1 }).finally(() => {
      systems.airbyteProxy.fault = undefined;
    });
    expect(applied.ids('failed')).toHaveLength(40);
    // What was under way at once was tried to the end, and no more.
    expect(calls).toBeLessThan(60);
    await mustApply(systems, stack);
  });

  test('hands out what every resource is that is as wanted, made now or before', async () => {
    const stack = await documentsOf(platformYaml() + tenantYaml('outputs'));
    const run = async (): Promise<Map<string, object>> => {
      const outputs = new Map<string, object>();
      const onOutput = (resource: { id: string }, observed: object): void =>
        void outputs.set(resource.id, observed);
      const { results } = await mustApply(systems, stack, { onOutput, only: new Set(['outputs']) });
      expect([...outputs.keys()].sort()).toEqual(results.map(({ id }) => id).sort());
      return outputs;
    };
    const ids = (found: Map<string, object>): unknown[] => [
      found.get('airbyte:workspace/outputs'),
      found.get('airbyte:destination/outputs-postgres'),
    ];
    const made = await run();
    expect(ids(made)).toMatchObject([{ workspaceId: expect.any(String) }, { id: expect.any(String) }]);
    const [workspace, destination] = ids(await run());
    expect(workspace).toMatchObject({ workspaceId: (ids(made)[0] as { workspaceId: string }).workspaceId });
    expect(destination).toMatchObject({ id: (ids(made)[1] as { id: string }).id });
  });
});
