/** Properties of masking and merging, over configurations that nobody thought of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, masked, merge, replace } from '../../../src/dev/airbyte/configuration.ts';
import type { JsonObject } from '../../../src/dev/airbyte/connectors/definition.ts';
import { notion } from '../../../src/dev/airbyte/connectors/notion.ts';

const word = fc.string({ minLength: 1 }).filter((text) => text !== MASK);
const oauth = fc.record({
  credentials: fc.record({
    auth_type: fc.constant('OAuth2.0'),
    client_id: word,
    client_secret: word,
    access_token: word,
  }),
});
const shape = notion.configuration;

describe('a configuration', () => {
  it('that is read and sent back changes nothing, by PATCH or PUT', () => {
    fc.assert(
      fc.property(oauth, (stored: JsonObject) => {
        const read = masked(shape, stored);
        expect(merge(stored, read)).toEqual(stored);
        expect(replace(stored, read)).toEqual(stored);
      }),
    );
  });

  it('never shows a secret, whatever is merged into it', () => {
    const secret = fc.constant('canary');
    const update = fc.record({
      credentials: fc.dictionary(fc.constantFrom('token', 'access_token'), secret),
    });
    fc.assert(
      fc.property(oauth, update, (stored: JsonObject, change: JsonObject) => {
        expect(JSON.stringify(masked(shape, merge(stored, change)))).not.toContain('canary');
      }),
    );
  });

  it('merged twice with the same update is as merged once', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.object({ maxDepth: 3 }), (stored, update) => {
        const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonObject;
        const once = merge(json(stored), json(update));
        expect(merge(once, json(update))).toEqual(once);
      }),
    );
  });
});
