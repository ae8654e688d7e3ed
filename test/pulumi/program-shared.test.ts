import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isOurs, type SharedObject } from '../../src/pulumi/provider/shared.ts';
import { formatMark } from '../../src/resources/mark.ts';
import { policyText } from '../../src/resources/vault/policy.ts';
import {
  documentsOf,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

const OWNER = 'pulumi:tenantry/dev';

let systems: Systems;
let open: OpenWorld;
beforeAll(async () => {
  systems = await startSystems();
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')), { owner: OWNER });
});
afterAll(async () => {
  await open.close();
  await systems.close();
});

const mount = (path: string): SharedObject => ({
  kind: 'vault:mount',
  name: path,
  inputs: { path, type: 'transit' },
});
const write = (path: string, body: object): Promise<unknown> => open.world.vault.write(path, body);

describe('what all tenants share', () => {
  test('is this stack’s to make when it is not there, and stays its own by the mark in the description', async () => {
    expect(await isOurs(mount('own'), open.world)).toBe(true);
    await write('sys/mounts/own', { type: 'transit', description: formatMark({ owner: OWNER }) });
    expect(await isOurs(mount('own'), open.world)).toBe(true);
    const auth: SharedObject = {
      kind: 'vault:auth-mount',
      name: 'jwt',
      inputs: { path: 'jwt', type: 'approle' },
    };
    await write('sys/auth/jwt', { type: 'approle', description: formatMark({ owner: OWNER }) });
    expect(await isOurs(auth, open.world)).toBe(true);
  });

  test('is used as it is when another made it as it is wanted', async () => {
    await write('sys/mounts/by-hand', { type: 'transit' });
    await write('sys/mounts/of-other', {
      type: 'transit',
      description: formatMark({ owner: 'pulumi:tenantry/other' }),
    });
    expect(await isOurs(mount('by-hand'), open.world)).toBe(false);
    expect(await isOurs(mount('of-other'), open.world)).toBe(false);
  });

  test('is refused by name when another made it otherwise', async () => {
    await write('sys/mounts/keys', { type: 'kv', options: { version: '2' } });
    await expect(isOurs(mount('keys'), open.world)).rejects.toMatchObject({ code: 'NotOwned' });
  });

  test('holds for the policy of the sidecar by its first line', async () => {
    const rules = 'path "secret/data/+/+" {\n  capabilities = ["read"]\n}\n';
    const others = 'path "x" {\n  capabilities = ["read"]\n}\n';
    const policy = (text: string): SharedObject => {
      return { kind: 'vault:policy', name: 'gateway', inputs: { name: 'gateway', rules: text } };
    };
    const put = (text: string): Promise<unknown> => write('sys/policies/acl/gateway', { policy: text });
    expect(await isOurs(policy(rules), open.world)).toBe(true);
    await put(policyText({ owner: OWNER }, others));
    expect(await isOurs(policy(rules), open.world)).toBe(true);
    await put(policyText({ owner: 'cli:prod' }, rules));
    expect(await isOurs(policy(rules), open.world)).toBe(false);
    await put(policyText({ owner: 'cli:prod' }, others));
    await expect(isOurs(policy(rules), open.world)).rejects.toMatchObject({
      code: 'OwnedByAnother',
      message: expect.stringContaining('cli:prod'),
    });
    await put(rules);
    await expect(isOurs(policy(rules), open.world)).rejects.toMatchObject({ code: 'NotOwned' });
  });
});
