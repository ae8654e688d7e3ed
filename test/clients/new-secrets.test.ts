import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../src/clients/connect.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { documentsOf, platformYaml, type Systems, startSystems } from '../support/world.ts';

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());

it('secrets are one state for a run, and what they are now for the next run of the same process', async () => {
  const { platform } = (await documentsOf(platformYaml())).documents;
  const backends = await connect(resolveSettings(platform, systems.env), { env: systems.env });
  try {
    const write = (token: string): Promise<unknown> =>
      backends.vault.write('secret/data/shared/app', { data: { token } });
    const ref = { from: 'vault', path: 'secret/data/shared/app', key: 'token' } as const;
    await write('first');
    const [run, version] = [backends.newSecrets(), await backends.newSecrets().version(ref)];
    expect(await run.resolve(ref)).toBe('first');
    await write('second');
    expect(await run.resolve(ref)).toBe('first');
    expect(await backends.newSecrets().resolve(ref)).toBe('second');
    expect(await backends.newSecrets().version(ref)).not.toBe(version);
  } finally {
    await backends.close();
  }
});
