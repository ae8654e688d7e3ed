/** What is told of files that cannot be imported. */
import { describe, expect, it } from 'vitest';
import { InvalidDocumentsError, type TenantryError } from '../../src/errors.ts';
import type { Format } from '../../src/import/read.ts';
import { imported } from './support.ts';

async function refusal(text: string, from?: Format): Promise<TenantryError> {
  const error = await imported(text, from).catch((thrown: unknown) => thrown);
  expect(error).toHaveProperty('code');
  return error as TenantryError;
}

describe('a file that cannot be imported', () => {
  it('is named with the place where it stops being JSON, and with a step that looks at it', async () => {
    const error = await refusal('{\n  "tenants": [\n', 'terraform');
    expect(error).toBeInstanceOf(InvalidDocumentsError);
    expect((error as InvalidDocumentsError).problems).toEqual([
      { file: 'input', line: 3, column: 1, message: 'is not valid JSON; is it complete?' },
    ]);
    expect(error.hint).toMatch(/repeat the import/);
  });

  it('is told apart from a document, which `tenantry validate` would look at', async () => {
    const error = await refusal('{ "tenants": [{ "id": "Acme Corp!" }] }');
    expect((error as InvalidDocumentsError).problems[0]?.message).toContain('lower-case');
    expect(error.hint).not.toContain('validate');
  });

  it.each([
    ['{ "tenants": [] }', 'an entry in the list "tenants"'],
    ['{ "tenant_integrations": {} }', 'the variable tenant_integrations or tenants'],
    ['{ "format_version": "1.0", "values": { "root_module": {} } }', 'below for_each over the tenants'],
  ])('without tenants says what its format holds: %s', async (text, holds) => {
    const error = await refusal(text);
    expect(error.message).toContain('holds no tenant');
    expect(error.hint).toContain(holds);
  });
});
