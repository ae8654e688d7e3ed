import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UNKNOWN } from '../../../src/pulumi/provider/wire.ts';
import { version } from '../../../src/version.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import { refusal, type State, startEngine, type TestEngine } from './engine.ts';
import { makeTenant, secretInputs, sourceInputs, type TenantStates } from './tenant.ts';

const TOKEN = 'ntn_canary-token-of-the-tenant';

let systems: Systems;
let open: OpenWorld;
let engine: TestEngine;
let states: TenantStates;

beforeAll(async () => {
  systems = await startSystems();
  await mustApply(systems, `${tenantYaml('theirs')}${integrationYaml('theirs', 'notion')}`, {
    owner: 'operator:prod',
  });
  open = await openWorld(systems, await documentsOf(''));
  engine = await startEngine({ env: systems.env, config: { airbyte: { retryDelaySeconds: 0.01 } } });
  states = await makeTenant(engine, systems, 'acme', () =>
    connectTenant(open.world, { tenant: 'acme', integration: 'notion' }, { access_token: TOKEN }),
  );
});
afterAll(async () => {
  await engine?.close();
  await open?.close();
  await systems?.close();
});

describe('check', () => {
  it('tells every mistake at its property, with what is meant', async () => {
    const { failures } = await engine.check('Source', 'x', {
      nmae: 'x',
      tenant: 'Acme',
      workspaceId: 7,
      configuration: { token: 'ntn_abcdefghijklmnop' },
      secretVersion: ['1', 2],
      recordPath: '/acme/notion',
    });
    expect(failures).toEqual([
      expect.stringMatching(/^nmae: unknown property; did you mean "name"\? Allowed here: name, tenant, /),
      expect.stringMatching(/^name: the field "name" is required: Name in Airbyte/),
      expect.stringMatching(/^tenant: must be lower-case letters/),
      'workspaceId: must be text; found the number 7; put it in quotes',
      'secretVersion[1]: must be text',
      expect.stringMatching(/^recordPath: must be a path below the KV mount/),
      expect.stringMatching(
        /^configuration\.token: this looks like a Notion token, in clear; write a reference/,
      ),
    ]);
  });

  it('fills defaults in, and lets what is not known yet pass', async () => {
    const { inputs, failures } = await engine.check('Connection', 'x', {
      name: 'x',
      tenant: UNKNOWN,
      workspaceId: UNKNOWN,
      sourceId: UNKNOWN,
      destinationId: UNKNOWN,
      namespace: 'tenant_x',
      streams: [{ name: UNKNOWN, cursorField: UNKNOWN, primaryKey: [[UNKNOWN]] }],
      status: UNKNOWN,
    });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ schedule: 'manual', prefix: '', adopt: false, status: UNKNOWN });
    const wrong = await engine.check('Connection', 'x', {
      ...inputs,
      streams: [{ name: UNKNOWN, syncMod: 'x' }],
    });
    expect(wrong.failures).toEqual([
      expect.stringMatching(/^streams\[0\]\.syncMod: unknown field "syncMod"; did you mean "syncMode"\?/),
    ]);
  });

  it('names the types that there are', async () => {
    expect(await refusal(engine.check('Sorce', 'x', {}))).toMatch(
      /^InvalidUsage: there is no resource type tenantry:index:Sorce; did you mean "tenantry:index:Source"\?/,
    );
  });
});

describe('an object of another owner', () => {
  const other = (tenant: string): string =>
    `use another name, or move the tenant: \`tenantry claim ${tenant} --from operator:prod --to pulumi:shop/dev\``;

  it('is refused by name, and so is everything of a tenant that another has claimed', async () => {
    const claim = await refusal(engine.create('Claim', 'theirs', { tenant: 'theirs' }));
    expect(claim).toBe(
      `OwnedByAnother: vault:claim theirs belongs to operator:prod, and this is pulumi:shop/dev\n  → ${other('theirs')}`,
    );
    systems.vaultProxy.clear();
    systems.airbyteProxy.clear();
    const texts = await Promise.all([
      refusal(engine.create('GeneratedSecret', 'theirs', secretInputs('theirs'))),
      refusal(engine.create('Credential', 'theirs', { tenant: 'theirs', integration: 'slack' })),
      refusal(engine.create('Workspace', 'theirs', { tenant: 'theirs' })),
      refusal(engine.create('Source', 'theirs', sourceInputs('theirs', states.workspace.id))),
      refusal(engine.previewCreate('Workspace', 'theirs', { tenant: 'theirs' })),
      refusal(engine.previewCreate('Claim', 'theirs', { tenant: 'theirs' })),
    ]);
    for (const text of texts) expect(text).toMatch(/^OwnedByAnother: .* belongs to operator:prod/);
    const writes = [...systems.vaultProxy.seen, ...systems.airbyteProxy.seen].filter(
      ({ method }) => !['GET', 'LIST'].includes(method),
    );
    expect(writes).toEqual([]);
  });

  it('is shown by a refresh, refused at the preview, and left alone by a delete', async () => {
    const { credential } = states;
    const metadata = 'secret/metadata/acme/notion';
    const mark = (owner: string) =>
      open.world.vault.patch(metadata, { custom_metadata: { tenantry_owner: owner } });
    await mark('operator:prod');
    const found = (await engine.read('Credential', 'acme', credential.id, credential)) as State;
    expect(found.properties['owner']).toBe('operator:prod');
    expect((await engine.diff('Credential', 'acme', found, credential.inputs)).detail).toEqual({
      owner: 'UPDATE',
    });
    expect(await refusal(engine.update('Credential', 'acme', found, credential.inputs, true))).toMatch(
      /^OwnedByAnother: /,
    );
    await engine.remove('Credential', 'acme', { ...found, inputs: { ...found.inputs, deletion: 'Delete' } });
    expect(await engine.read('Credential', 'acme', credential.id, credential)).toBeDefined();
    await mark('pulumi:shop/dev');
  });

  it('that carries no mark is taken over only on request', async () => {
    const { airbyte } = open.world;
    const { workspaceId } = await airbyte.post<{ workspaceId: string }>('/workspaces', { name: 'Old one' });
    await airbyte.post('/workspaces', { name: 'lonely' });
    expect(await refusal(engine.create('Workspace', 'lonely', { tenant: 'lonely' }))).toMatch(
      /^NotOwned: airbyte:workspace lonely is there already, and Tenantry did not make it/,
    );
    const named = await engine.create('Workspace', 'old', {
      tenant: 'old',
      adopt: true,
      adoptId: workspaceId,
    });
    expect(named).toMatchObject({ id: workspaceId, properties: { owner: 'pulumi:shop/dev' } });
  });

  it('that is imported without a mark gets one by the next update', async () => {
    const { airbyte } = open.world;
    const { workspaceId } = await airbyte.post<{ workspaceId: string }>('/workspaces', {
      name: 'Kept by hand',
    });
    const imported = (await engine.read('Workspace', 'hand', `hand/${workspaceId}`)) as State;
    expect(imported).toMatchObject({
      id: workspaceId,
      inputs: { tenant: 'hand', adopt: true, adoptId: workspaceId },
      properties: { owner: '' },
    });
    expect((await engine.diff('Workspace', 'hand', imported, imported.inputs)).detail).toEqual({
      owner: 'UPDATE',
    });
    const updated = await engine.update('Workspace', 'hand', imported, imported.inputs);
    expect(updated.properties['owner']).toBe('pulumi:shop/dev');
  });

  it('is not imported by an id of another form', async () => {
    expect(await refusal(engine.read('Source', 'x', `notion/${states.source.id}`))).toMatch(
      /^InvalidUsage: ".*" is no import id of this type\n {2}→ import it as <source id>, or <tenant>\/<integration>\/<source id>/,
    );
  });
});

describe('what is read after a create', () => {
  const schedule = fc.constantFrom('manual', '0 0 3 * * ?', '12 34 5 ? * 2');
  const inputs = fc.record({
    schedule,
    status: fc.constantFrom('active', 'inactive'),
    prefix: fc.stringMatching(/^[a-z]{0,5}_?$/),
    schemaChanges: fc.constantFrom('ignore', 'disable_connection', 'propagate_columns'),
    streams: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('pages', 'users', 'databases', 'blocks'),
        syncMode: fc.constantFrom('full_refresh_overwrite', 'full_refresh_append'),
      }),
      { selector: ({ name }) => name, maxLength: 3 },
    ),
  });

  it('never differs from what was wanted', async () => {
    const { workspace, source, destination } = states;
    const ids = { workspaceId: workspace.id, sourceId: source.id, destinationId: destination.id };
    let count = 0;
    await fc.assert(
      fc.asyncProperty(inputs, async (some) => {
        const name = `property-${count++}`;
        const news = { name, tenant: 'acme', ...ids, namespace: 'tenant_acme', ...some };
        const state = await engine.create('Connection', name, news);
        const found = (await engine.read('Connection', name, state.id, state)) as State;
        expect(found).toEqual(state);
        expect((await engine.diff('Connection', name, found, news)).changes).toBe('none');
      }),
      { numRuns: 15 },
    );
  });
});

describe('a call that ends early', () => {
  const slowly = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 30_000, 'pass').unref());

  it('says so when its own time is over', async () => {
    systems.airbyteProxy.fault = slowly;
    const creating = engine.create('Workspace', 'slow', { tenant: 'slow' }, 0.05);
    expect(await refusal(creating)).toMatch(/^TimedOut: not done within 0\.05 s\n/);
    systems.airbyteProxy.fault = undefined;
  });

  it('is cancelled by the engine', async () => {
    const another = await startEngine({ env: systems.env });
    let arrived = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (arrived = resolve));
    systems.airbyteProxy.fault = () => {
      arrived();
      return slowly();
    };
    const creating = refusal(another.create('Workspace', 'slow', { tenant: 'slow' }));
    await waiting;
    await another.cancel();
    expect(await creating).toMatch(/^Cancelled: /);
    systems.airbyteProxy.fault = undefined;
    await another.close();
  });
});

describe('the configuration', () => {
  it('is checked at the path of each setting, and repeats no secret', async () => {
    const problems = await engine.checkConfig({
      vault: JSON.stringify({ adress: 'x', auth: { method: 'aprole', token: 'hvs.canary-token' } }),
      airbyte: '{broken',
      airbite: 'x',
      stack: 'prod',
      version: '1.0.0',
    });
    expect(problems).toEqual([
      'airbite: unknown setting; did you mean "airbyte"?',
      expect.stringMatching(/^vault\.adress: unknown property; did you mean "address"\?/),
      expect.stringMatching(/^vault\.auth/),
      expect.stringMatching(/^airbyte: must be a mapping/),
    ]);
    expect(problems.join()).not.toContain('canary');
  });

  it('takes secrets in clear, because Pulumi keeps them, and falls back on the environment', async () => {
    const { VAULT_ADDR, VAULT_TOKEN, AIRBYTE_URL, AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET } = systems.env;
    const config = {
      vault: JSON.stringify({ address: VAULT_ADDR, auth: { method: 'token', token: VAULT_TOKEN } }),
      airbyte: { url: AIRBYTE_URL, clientId: AIRBYTE_CLIENT_ID, clientSecret: AIRBYTE_CLIENT_SECRET },
    };
    const configured = await startEngine({ env: {}, config });
    expect(await configured.read('Workspace', 'acme', states.workspace.id)).toBeDefined();
    await configured.close();
    const partly = await startEngine({
      env: { VAULT_ADDR: VAULT_ADDR ?? '', VAULT_TOKEN: VAULT_TOKEN ?? '' },
    });
    expect(await partly.invoke('getCredential', { tenant: 'acme', integration: 'notion' })).toMatchObject({
      connected: true,
    });
    expect(await refusal(partly.read('Workspace', 'acme', states.workspace.id))).toMatch(
      /^MissingSetting: .*AIRBYTE_API_KEY/s,
    );
    await partly.close();
    expect(await refusal(startEngine({ env: {} }))).toMatch(
      /^MissingSetting: tenantry:vault\.address is not set \(VAULT_ADDR\); tenantry:vault\.auth\.token is not set \(VAULT_TOKEN\)/,
    );
  });
});

describe('the functions', () => {
  it('tell of a credential that is not there, and of one that waits for its arguments', async () => {
    const nothing = { connected: false, tokenVersion: '0', encrypted: true, hasSource: false };
    expect(await engine.invoke('getCredential', { tenant: 'nobody', integration: 'notion' })).toEqual(
      nothing,
    );
    const later = await engine.invoke('getCredential', { tenant: UNKNOWN, integration: 'notion' });
    expect(later['connected']).toBe(UNKNOWN);
    await expect(engine.invoke('getCredential', { tenant: 'x', integraton: 'y' })).rejects.toThrow(
      /did you mean "integration"/,
    );
  });

  it('tell the version of a secret without reading it', async () => {
    const reference = '${VAULT:secret/data/acme/notion:access_token}';
    const { version: found } = await engine.invoke('getSecretVersion', { reference });
    expect(found).toMatch(/^1@20/);
    const missing = engine.invoke('getSecretVersion', { reference: '${VAULT:secret/data/acme/nothing:x}' });
    expect(await refusal(missing)).toMatch(
      /^SecretNotFound: \$\{VAULT:secret\/data\/acme\/nothing:x\} is not there/,
    );
  });
});

describe('the protocol', () => {
  it('is spoken without secrets in envelopes, and has the current schema', async () => {
    expect(await engine.handshake()).toMatchObject({ acceptSecrets: false, acceptOutputs: false });
    expect((await engine.configure({})).toObject()).toMatchObject({
      acceptsecrets: false,
      supportspreview: true,
    });
    expect(await engine.pluginVersion()).toBe(version());
    const schema = JSON.parse(await engine.schema()) as {
      resources: Record<string, { inputProperties: Record<string, { willReplaceOnChanges?: boolean }> }>;
    };
    expect(Object.keys(schema.resources)).toHaveLength(8);
    expect(schema.resources['tenantry:index:Source']?.inputProperties['tenant']?.willReplaceOnChanges).toBe(
      true,
    );
  });

  it('carries no secret in clear in any answer but the one that is marked', async () => {
    systems.airbyteProxy.status = 422;
    systems.airbyteProxy.fault = ({ method, path }) =>
      method === 'PUT' && path.includes('/sources/') ? 'echo' : 'pass';
    const configuration = {
      sourceType: 'notion',
      credentials: { auth_type: 'token', token: 'a-literal-canary-value' },
    };
    await refusal(engine.update('Source', 'acme', states.source, { ...states.source.inputs, configuration }));
    const reference = {
      ...states.source.inputs,
      absent: [['x']],
      configuration: {
        ...(states.source.inputs['configuration'] as object),
        start_date: '2026-03-03T00:00:00.000Z',
      },
    };
    await refusal(engine.update('Source', 'acme', states.source, reference));
    systems.airbyteProxy.fault = undefined;
    systems.airbyteProxy.status = 500;
    const answers = engine.answers.filter((answer) => !answer.includes('inputsMap') || true);
    const password = String(states.secret.properties['value']);
    const secrets = [
      TOKEN,
      'a-literal-canary-value',
      systems.env['VAULT_TOKEN'] ?? '',
      systems.env['AIRBYTE_CLIENT_SECRET'] ?? '',
    ];
    for (const secret of secrets) {
      const holding = answers.filter((answer) => answer.includes(secret) && !isOwnInput(answer, secret));
      expect(holding).toEqual([]);
    }
    const withPassword = answers.filter((answer) => answer.includes(password));
    expect(withPassword.length).toBeGreaterThan(0);
    const enveloped = `["value",{"structValue":{"fieldsMap":[["4dabf18193072939515e22adb298388d",{"stringValue":"1b47061264138c4ac30d75fd1eb44270"}],["value",{"stringValue":"${password}"}]]}}]`;
    for (const answer of withPassword) expect(answer.replace(enveloped, '')).not.toContain(password);
  });
});

/** Check answers with the inputs that it was given; the engine marks those that were secret. */
function isOwnInput(answer: string, secret: string): boolean {
  return secret === 'a-literal-canary-value' && answer.startsWith('{"inputs":');
}
