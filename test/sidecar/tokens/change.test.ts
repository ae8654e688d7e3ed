import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CredentialChange } from '../../../src/sidecar/tokens/parts.ts';
import { ACTOR, LIFE, startTokenWorld, type TokenWorld, tokensOf } from './world.ts';

let world: TokenWorld;
beforeAll(async () => {
  world = await startTokenWorld();
});
afterAll(() => world.close());

it('tells of a credential that was connected, has ended at the provider, and was revoked', async () => {
  const told: CredentialChange[] = [];
  const onChange = async (change: CredentialChange): Promise<void> => void told.push(change);
  const replica = await world.replica({ parts: { onChange } });
  const place = await world.place();
  const grant = world.provider.grant();
  await replica.tokens.put(place, tokensOf(grant), ACTOR);
  expect(told).toEqual([{ place, type: 'connected', id: '1', by: ACTOR.id }]);

  world.provider.end(grant.accessToken);
  world.clock.now += (LIFE + 1) * 1000;
  await expect(replica.tokens.get(place)).rejects.toMatchObject({ code: 'NeedsReauthorization' });
  await expect.poll(() => told.length).toBe(2);
  expect(told[1]).toMatchObject({
    place,
    type: 'needs_reauthorization',
    id: '1',
    reason: { code: 'NeedsReauthorization' },
  });

  await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
  await replica.tokens.revoke(place, { id: 'system:webhook' });
  expect(told.slice(2).map(({ type, by }) => [type, by])).toEqual([
    ['connected', ACTOR.id],
    ['revoked', 'system:webhook'],
  ]);
  expect(JSON.stringify(told)).not.toContain(grant.accessToken);
});

it('stores a credential although nobody can be told of it', async () => {
  const onChange = (): Promise<void> => Promise.reject(new Error('away'));
  const replica = await world.replica({ parts: { onChange } });
  const place = await world.place();
  const { version } = await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
  expect(version).toBe(1);
  expect(replica.lines.join('')).toContain('the change of a credential was not told');
});
