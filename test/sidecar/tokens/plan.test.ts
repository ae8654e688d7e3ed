/** Custody beside the plan: what the sidecar writes is no drift, and Airbyte's source gets the new token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAirbyteClient } from '../../../src/clients/airbyte.ts';
import { resolveSettings } from '../../../src/clients/settings.ts';
import { Redactor } from '../../../src/redact.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { createSourcePush } from '../../../src/sidecar/tokens/source-push.ts';
import { testContext } from '../../support/sidecar-context.ts';
import {
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import {
  ACTOR,
  gatewayToken,
  LIFE,
  startTokenWorld,
  type TokenWorld,
  tokensOf,
  vaultClient,
} from './world.ts';

const PLACE = { tenant: 'acme', integration: 'linear' };

let world: TokenWorld;
let systems: Systems;
let stack: Stack;
beforeAll(async () => {
  [world, systems, stack] = await Promise.all([
    startTokenWorld(),
    startSystems(),
    documentsOf(
      tenantYaml('acme') +
        integrationYaml('acme', 'linear', { sync: { initialSync: false } }) +
        tenantYaml('globex') +
        integrationYaml('globex', 'linear', { sync: { initialSync: false } }),
    ),
  ]);
}, 60_000);
afterAll(async () => {
  await systems.close();
  await world.close();
});

/** A replica over the systems that the plan looks at, with the sidecar's own rights in Vault. */
async function replicaOf() {
  const root = vaultClient(systems.vault.address, systems.vault.rootToken);
  const token = await gatewayToken(root);
  await root.close();
  const vault = vaultClient(systems.vaultProxy.url, token);
  const view = stackView(stack.documents, stack.catalog);
  const replica = await world.replica({ parts: { vault, stack: { current: () => view } } });
  const { AIRBYTE_CLIENT_ID: clientId = '', AIRBYTE_CLIENT_SECRET: clientSecret = '' } = systems.env;
  const settings = resolveSettings(stack.documents.platform, systems.env);
  const airbyte = createAirbyteClient({ ...settings.airbyte, clientId, clientSecret, apiKey: undefined });
  const { log, lines } = testContext();
  const push = createSourcePush({
    vault,
    airbyte,
    stack: { current: () => view },
    settings: { backends: settings },
    redactor: new Redactor(),
    env: {},
    log,
  });
  const close = async (): Promise<void> => {
    await airbyte.close();
    await vault.close();
  };
  return { tokens: replica.tokens, push, lines, close };
}

async function changes(): Promise<readonly string[]> {
  return (await planOnce(systems, stack)).changes;
}

describe('a stack with a sidecar', () => {
  it('stays in step through connecting, refreshing and revoking', async () => {
    await mustApply(systems, stack);
    const { tokens, push, close } = await replicaOf();
    const { signal } = new AbortController();
    expect(await push(PLACE, signal)).toBe('no-source');

    await tokens.put(PLACE, tokensOf(world.provider.grant()), ACTOR);
    expect(world.queue.jobs.has('push:acme/linear')).toBe(true);
    expect(await push(PLACE, signal)).toBe('no-source');
    await mustApply(systems, stack);
    expect(await changes()).toEqual([]);
    expect(await push(PLACE, signal)).toBe('in-step');

    world.clock.now += (LIFE + 1) * 1000;
    const { value } = await tokens.get(PLACE);
    expect(await changes()).toEqual(['airbyte:source/acme-linear']);
    systems.airbyteProxy.clear();
    expect(await push(PLACE, signal)).toBe('sent');
    const sent = systems.airbyteProxy.seen.filter(({ method }) => method === 'PUT');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).toContain(`Bearer ${value}`);
    expect(await changes()).toEqual([]);
    expect(await push(PLACE, signal)).toBe('in-step');

    await tokens.revoke(PLACE, ACTOR);
    expect(await changes()).toEqual([]);
    expect(await push(PLACE, signal)).toBe('no-source');
    await tokens.put(PLACE, tokensOf(world.provider.grant()), ACTOR);
    expect(await push(PLACE, signal)).toBe('sent');
    expect(await changes()).toEqual([]);
    await close();
  }, 60_000);

  it('leaves a source alone that another stack has made', async () => {
    await mustApply(systems, stack);
    const { tokens, push, lines, close } = await replicaOf();
    const place = { tenant: 'globex', integration: 'linear' };
    const { signal } = new AbortController();
    await tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    await mustApply(systems, stack);
    world.clock.now += (LIFE + 1) * 1000;
    await tokens.get(place);
    const root = vaultClient(systems.vault.address, systems.vault.rootToken);
    await root.write('secret/data/globex/_tenantry', { data: { owner: 'cli:other', deletion: 'Retain' } });
    await root.close();
    systems.airbyteProxy.clear();
    expect(await push(place, signal)).toMatch(/refused|no-source/);
    expect(systems.airbyteProxy.seen.filter(({ method }) => method === 'PUT')).toEqual([]);
    expect(lines.join('\n')).not.toContain('Bearer');
    await close();
  }, 60_000);
});
