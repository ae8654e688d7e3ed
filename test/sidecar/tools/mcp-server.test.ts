import { beforeAll, describe, expect, it } from 'vitest';
import type { Catalog, CatalogEntry } from '../../../src/catalog/entry.ts';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { mcpServerOf } from '../../../src/sidecar/tools/session.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog();
});

function entry(id: string): CatalogEntry {
  const found = catalog.get(id);
  if (!found) throw new Error(`the catalog has no ${id}`);
  return found;
}

describe('the MCP server of an integration', () => {
  it('is that of the catalog, whose address must be public', () => {
    const { url, isTrusted } = mcpServerOf(
      { entry: entry('github') },
      { mcpServers: {}, providerOrigins: {} },
    );
    expect([url.href, isTrusted]).toEqual(['https://api.githubcopilot.com/mcp/', false]);
  });

  it('is one of the operator’s own where the vendor’s does not take the token of the API', () => {
    const settings = { mcpServers: {}, providerOrigins: {} };
    expect(() => mcpServerOf({ entry: entry('notion') }, settings)).toThrow(/takes only tokens of its own/);
    const mcpServers = { notion: 'http://notion-mcp:3000/mcp' };
    const { url, isTrusted } = mcpServerOf({ entry: entry('notion') }, { ...settings, mcpServers });
    expect([url.href, isTrusted]).toEqual(['http://notion-mcp:3000/mcp', true]);
  });

  it('is trusted where the operator sends its origin elsewhere', () => {
    const providerOrigins = { 'https://api.githubcopilot.com': 'http://10.0.0.7:3000' };
    const { url, isTrusted } = mcpServerOf({ entry: entry('github') }, { mcpServers: {}, providerOrigins });
    expect([url.href, isTrusted]).toEqual(['http://10.0.0.7:3000/mcp/', true]);
  });

  it('is missing with a hint where neither names one', () => {
    const { mcp, ...without } = entry('github');
    expect(mcp).toBeDefined();
    expect(() => mcpServerOf({ entry: without }, { mcpServers: {}, providerOrigins: {} })).toThrow(
      /no MCP server/,
    );
  });
});
