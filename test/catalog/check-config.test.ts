import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/catalog/check-config.ts';
import { loadCatalog } from '../../src/catalog/load.ts';
import { entryWith, sampleConfig } from './sample.ts';

const entry = entryWith();

/** The mistakes of a spec.config, one line each. */
function mistakes(config: Record<string, unknown>): string[] {
  return checkConfig(entry, config).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('checkConfig', () => {
  it('takes a right configuration', () => {
    const config = { host: 'a.example', api_token: '${ENV:TOKEN}', limit: 5, groups: ['a', 'b'] };
    expect(mistakes(config)).toEqual([]);
  });

  it('takes the sample of every entry', async () => {
    for (const known of (await loadCatalog()).values()) {
      expect(checkConfig(known, sampleConfig(known, 'all')), known.id).toEqual([]);
      expect(checkConfig(known, sampleConfig(known, 'required')), known.id).toEqual([]);
    }
  });

  it('names the field that an unknown one was meant to be', () => {
    expect(mistakes({ hots: 'a', host: 'a' })).toEqual([
      'hots: unknown setting of acme-crm; did you mean "host"?',
    ]);
    expect(mistakes({ colour: 'a', host: 'a' })).toEqual([
      'colour: unknown setting of acme-crm; allowed: host, api_token, limit, groups',
    ]);
  });

  it('does not take names of Object.prototype for settings', () => {
    expect(mistakes({ host: 'a', constructor: 'x' })).toEqual([
      expect.stringContaining('constructor: unknown setting'),
    ]);
  });

  it('says what a missing required setting is for', () => {
    expect(mistakes({})).toEqual(['host: is required by acme-crm: Host.']);
    expect(mistakes({ host: null })).toEqual(['host: is required by acme-crm: Host.']);
  });

  it.each([
    [{ host: 5 }, 'host: must be a string, not an integer'],
    [{ host: 'a', limit: 1.5 }, 'limit: must be an integer, not a number'],
    [{ host: 'a', limit: '5' }, 'limit: must be an integer, not a string'],
    [{ host: 'a', groups: 'x' }, 'groups: must be an array, not a string'],
    [{ host: 'a', groups: ['x', {}] }, 'groups.1: must be a string, not an object'],
    [{ host: 'a', groups: ['x', 'Y'] }, 'groups.1: must match ^[a-z]+$'],
    [{ host: 'A' }, 'host: must match ^[a-z.]+$, e.g. a.example'],
  ])('finds the wrong value in %o', (config, message) => {
    expect(mistakes(config)).toEqual([message]);
  });

  it('refuses a reference where it would be sent to Airbyte as it is', () => {
    expect(mistakes({ host: '${ENV:HOST}' })).toEqual([expect.stringContaining('host: a reference is only')]);
  });

  it('refuses any literal in a secret setting and repeats no value in any message', () => {
    const marker = 'SECRET-IN-THE-WRONG-PLACE';
    const value = fc.oneof(
      fc.string().map((text) => `${text}${marker}`),
      fc.array(fc.constant(marker)),
      fc.constant({ x: marker }),
      fc.integer(),
    );
    const fields = fc.constantFrom('host', 'api_token', 'limit', 'groups');
    fc.assert(
      fc.property(fc.dictionary(fields, value), (config) => {
        const found = mistakes(config);
        if ('api_token' in config) {
          expect(found).toContainEqual(expect.stringContaining('api_token: a literal secret is not allowed'));
        }
        expect(found.join('\n')).not.toContain(marker);
      }),
    );
  });
});
