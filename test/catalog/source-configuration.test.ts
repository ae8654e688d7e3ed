import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CatalogEntry, defaultTablePrefix } from '../../src/catalog/entry.ts';
import { loadCatalog } from '../../src/catalog/load.ts';
import {
  credentialFields,
  needsCredential,
  renderSourceConfiguration,
} from '../../src/catalog/source-configuration.ts';
import { fillSecrets, secretSlots } from './fill-secrets.ts';
import { airbyteWith, entryWith, sampleConfig } from './sample.ts';

const catalog = await loadCatalog();
const entries = [...catalog.values()];

function builtin(id: string): CatalogEntry {
  const entry = catalog.get(id);
  if (entry === undefined) throw new Error(`no entry ${id}`);
  return entry;
}

describe('renderSourceConfiguration', () => {
  it('puts slots in the place of secrets and values in the place of settings', () => {
    const config = { host: 'a.example', api_token: '${VAULT:secret/data/t/i:key}', groups: ['x'] };
    expect(renderSourceConfiguration(entryWith(), config)).toEqual({
      sourceType: 'acme-crm',
      token: { $secret: { from: 'credential', field: 'access_token' } },
      options: { host: 'a.example', limit: 10, groups: ['x'] },
      extra: [
        'fixed',
        { $secret: { from: 'ref', ref: { from: 'vault', path: 'secret/data/t/i', key: 'key' } } },
      ],
    });
  });

  it('drops what has neither a value nor a default', () => {
    expect(renderSourceConfiguration(entryWith(), { host: 'a.example' })).toMatchObject({
      options: { host: 'a.example', limit: 10 },
      extra: ['fixed'],
    });
    expect(renderSourceConfiguration(entryWith(), { host: 'a' }).options).not.toHaveProperty('groups');
  });

  it('keeps values that are false or zero', () => {
    const config = { flag: { type: 'boolean', default: true, description: 'Flag.' } };
    const airbyte = airbyteWith({ config, configuration: { flag: '{{config.flag}}' } });
    expect(renderSourceConfiguration(entryWith({ airbyte }), { flag: false }).flag).toBe(false);
    expect(renderSourceConfiguration(entryWith(), { host: 'a', limit: 0 }).options).toMatchObject({
      limit: 0,
    });
  });

  it('hands the app’s id and secret over as slots, where Airbyte refreshes', () => {
    expect(renderSourceConfiguration(builtin('hubspot'), {}).credentials).toEqual({
      credentials_title: 'OAuth Credentials',
      client_id: { $secret: { from: 'app', field: 'client_id' } },
      client_secret: { $secret: { from: 'app', field: 'client_secret' } },
      refresh_token: { $secret: { from: 'credential', field: 'refresh_token' } },
    });
  });

  it('refuses a literal secret and a missing setting without repeating a value', () => {
    const literal = () => renderSourceConfiguration(entryWith(), { host: 'a', api_token: 'hunter2' });
    expect(literal).toThrow('spec.config.api_token of acme-crm must be a reference to a secret');
    expect(literal).not.toThrow('hunter2');
    expect(() => renderSourceConfiguration(entryWith(), {})).toThrow('spec.config.host is required');
  });

  it('says so when an entry has no Airbyte source', () => {
    const { airbyte: _, ...rest } = entryWith();
    expect(() => renderSourceConfiguration(rest, {})).toThrow('acme-crm has no Airbyte source');
    expect(needsCredential(rest)).toBe(false);
  });

  it('leaves no placeholder behind, whatever the settings are', () => {
    const plain = fc.string().filter((text) => !text.includes('{{'));
    const valueFor: Record<string, fc.Arbitrary<unknown>> = {
      string: plain,
      integer: fc.integer(),
      boolean: fc.boolean(),
      array: fc.array(plain),
      object: fc.dictionary(plain, plain),
    };
    const sample = fc.constantFrom(...entries).chain((entry) => {
      const settings = Object.entries(entry.airbyte?.config ?? {});
      const config = fc.record(
        Object.fromEntries(
          settings.map(([name, { type, secret }]) => [
            name,
            secret ? fc.constant('${ENV:SECRET}') : (valueFor[type] ?? plain),
          ]),
        ),
        { requiredKeys: settings.filter(([, { required }]) => required).map(([name]) => name) },
      );
      return fc.record({ entry: fc.constant(entry), config });
    });
    fc.assert(
      fc.property(sample, ({ entry, config }) => {
        const rendered = renderSourceConfiguration(entry, config);
        expect(rendered.sourceType).toBe(entry.airbyte?.sourceType);
        expect(JSON.stringify(rendered)).not.toContain('{{');
      }),
    );
  });
});

describe('credentialFields', () => {
  it('names the fields that the template uses', () => {
    expect(credentialFields(builtin('stripe'))).toEqual(['access_token', 'stripe_user_id']);
    expect(credentialFields(builtin('google-sheets'))).toEqual(['refresh_token']);
  });

  it('is empty where the sync needs no stored credential', () => {
    const without = entries.filter((entry) => !needsCredential(entry)).map(({ id }) => id);
    expect(without.sort()).toEqual(['aws', 'jira']);
  });
});

describe('fillSecrets', () => {
  it('replaces every slot and nothing else', () => {
    for (const entry of entries) {
      const rendered = renderSourceConfiguration(entry, sampleConfig(entry, 'all'));
      const slots = secretSlots(rendered);
      const asked: unknown[] = [];
      const filled = fillSecrets(rendered, (slot) => {
        asked.push(slot);
        return 'dummy-secret';
      });
      expect(asked).toEqual(slots);
      expect(JSON.stringify(filled)).not.toContain('$secret');
      expect(JSON.stringify(filled).split('dummy-secret')).toHaveLength(slots.length + 1);
    }
  });
});

describe('defaultTablePrefix', () => {
  it('is the id with "-" as "_" and one more "_"', () => {
    expect(defaultTablePrefix('google-drive')).toBe('google_drive_');
  });
});
