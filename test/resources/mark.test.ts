import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatMark,
  type Mark,
  markedName,
  markMetadata,
  parseMark,
  parseMarkedName,
  parseMetadataMark,
} from '../../src/resources/mark.ts';

const owner = fc.constantFrom('cli:dev', 'pulumi:shop/prod', 'operator:eu-1');
const tenant = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const mark: fc.Arbitrary<Mark> = fc.record({
  owner,
  tenant: fc.option(tenant, { nil: undefined }),
  deletion: fc.constantFrom('Retain', 'Delete', undefined),
  secret: fc.option(fc.constantFrom('1@2026-01-01T00:00:00Z', '17@x'), { nil: undefined }),
});

describe('an ownership mark', () => {
  it('reads back as it was written, as a line of text', () => {
    fc.assert(
      fc.property(mark, (written) => {
        expect(parseMark(formatMark(written))).toEqual(written);
      }),
    );
  });

  it('reads back from custom metadata, beside what others wrote there', () => {
    fc.assert(
      fc.property(mark, (written) => {
        const metadata = { team: 'billing', ...markMetadata(written) };
        expect(parseMetadataMark(metadata)).toEqual({ ...written, secret: undefined });
      }),
    );
  });

  it('reads back from a name in Airbyte, whatever the name holds', () => {
    fc.assert(
      fc.property(fc.string(), owner, tenant, (base, by, of) => {
        fc.pre(!base.includes('\n'));
        const { base: found, mark: read } = parseMarkedName(markedName(base, { owner: by, tenant: of }));
        expect(found).toBe(base);
        expect(read).toEqual({ owner: by, tenant: of });
      }),
    );
  });

  it.each([null, undefined, '', 'a comment of somebody', 'tenantry', 'tenantry: tenant=acme'])(
    'is not seen in %j',
    (text) => {
      expect(parseMark(text)).toBeUndefined();
    },
  );
});
