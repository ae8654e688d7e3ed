/** The last and the next sync in the table of `tenantry status`. */
import { describe, expect, it } from 'vitest';
import { formatStatuses, type Overview } from '../../src/cli/format/statuses.ts';
import type { IntegrationStatus } from '../../src/reconcile/status.ts';

const show = { style: (_style: unknown, text: string) => text, hint: (text: string) => text };
const NOTION: IntegrationStatus = {
  tenant: 'acme',
  integration: 'notion',
  name: 'acme-notion',
  status: 'ready',
};

function table(...integrations: IntegrationStatus[]): string {
  const summary = {
    ready: integrations.length,
    waiting: 0,
    differs: 0,
    refused: 0,
    suspended: 0,
    observed: 0,
  };
  const overview: Overview = { changes: 0, observed: 0, refused: 0, summary, integrations };
  return formatStatuses(overview, show, { all: true });
}

describe('the table of statuses', () => {
  it('has when the next sync is due where anything is known of it', () => {
    expect(table(NOTION)).not.toContain('NEXT SYNC');
    const text = table(
      { ...NOTION, nextSync: '2026-03-01T11:00:05.000Z' },
      { ...NOTION, integration: 'slack' },
    );
    expect(text).toContain('acme    notion       ready   -          2026-03-01T11:00Z');
    expect(text).toMatch(/slack +ready +- +-/);
  });

  it('says why the last sync failed and what to do, or where to look', () => {
    const lastSync = { status: 'failed', rows: 0, startedAt: '2026-03-01T10:00:00Z' };
    const known = { ...lastSync, message: 'Notion has ended the access', nextStep: 'connect Notion again' };
    expect(table({ ...NOTION, lastSync: known })).toContain(
      'Notion has ended the access → connect Notion again',
    );
    expect(table({ ...NOTION, lastSync })).toContain('see the log of the last job of connection acme-notion');
  });

  it('says what holds the next one up', () => {
    expect(table({ ...NOTION, held: 'tenant acme has made its 3 syncs of today' })).toContain(
      'tenant acme has made its 3 syncs of today',
    );
  });
});
