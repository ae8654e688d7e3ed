/** What the catalog's routes tell, and to whom. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { catalogRoutes } from '../../../src/sidecar/admin/catalog.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { type StackView, stackView } from '../../../src/sidecar/stack/view.ts';
import { as, testContext, testServer } from '../../support/sidecar-context.ts';
import { documentsOf, platformYaml, tenantYaml } from '../../support/world.ts';

const VIEWER: Caller = { kind: 'jwt', id: 'jwt:test', role: 'viewer', tenants: ['acme'] };
const APP = { clientId: 'the-id-of-the-app', clientSecret: '${ENV:NOTION_SECRET_OF_TEST}' };
let view: StackView;
const open: SidecarServer[] = [];

beforeAll(async () => {
  const { documents, catalog } = await documentsOf(
    platformYaml('dev', { apps: { notion: APP } }) + tenantYaml('acme'),
  );
  view = stackView(documents, catalog);
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function ask<T>(path: string, env: NodeJS.ProcessEnv = {}): Promise<T> {
  const context = testContext({ stack: { current: () => view }, env });
  const app = await testServer(context, [catalogRoutes], as(VIEWER));
  open.push(app);
  const answer = await app.inject(path);
  expect(answer.statusCode, answer.body).toBe(200);
  for (const secret of ['the-id-of-the-app', 'NOTION_SECRET', 'of-the-environment']) {
    expect(answer.body).not.toContain(secret);
  }
  return answer.json<T>();
}

interface Entry {
  readonly id: string;
  readonly app: string;
  readonly [field: string]: unknown;
}

describe('the catalog', () => {
  it('lists every entry by name to every caller', async () => {
    const { integrations } = await ask<{ integrations: (Entry & { name: string })[] }>('/catalog');
    expect(integrations.map(({ id }) => id).sort()).toEqual([...view.catalog.keys()].sort());
    const names = integrations.map(({ name }) => name);
    expect(names).toEqual(names.toSorted((one, other) => one.localeCompare(other, 'en')));
    expect(integrations.find(({ id }) => id === 'notion')).toEqual({
      id: 'notion',
      name: 'Notion',
      category: 'productivity',
      docs: 'https://developers.notion.com/docs/authorization',
      auth: 'oauth2',
      connectStyle: 'redirect',
      app: 'platform',
      streams: 4,
      offers: { syncs: true, proxy: true, webhooks: true, tools: true },
    });
  });

  it('says where the platform has an app: by its document or the environment, without telling which', async () => {
    const env = { LINEAR_CLIENT_ID: 'of-the-environment', AWS_ACCESS_KEY_ID: 'of-the-environment' };
    const { integrations } = await ask<{ integrations: Entry[] }>('/catalog', env);
    const apps = Object.fromEntries(integrations.map(({ id, app }) => [id, app]));
    expect(apps).toMatchObject({ notion: 'platform', linear: 'platform', aws: 'platform', jira: 'missing' });
    const { integrations: without } = await ask<{ integrations: Entry[] }>('/catalog');
    expect(without.filter(({ app }) => app === 'platform').map(({ id }) => id)).toEqual(['notion']);
  });

  it('tells of each entry what it asks for and what it brings', async () => {
    for (const id of view.catalog.keys()) await ask(`/catalog/${id}`);
    const jira = await ask<Entry>('/catalog/jira');
    expect(jira).toMatchObject({
      scopes: [
        { name: 'read:jira-work', explanation: 'Read projects, issues, comments and boards.' },
        { name: 'read:jira-user', explanation: 'Read names of the people in Jira.' },
        { name: 'offline_access', explanation: 'Stay connected while you are not there.' },
      ],
      form: [],
      hosts: expect.arrayContaining(['api.atlassian.com']),
    });
    expect(jira['settings']).toContainEqual({
      key: 'api_token',
      label: 'Api token',
      secret: true,
      required: true,
      help: 'API token from id.atlassian.com, Security, API tokens.',
      type: 'string',
      example: '${VAULT:secret/data/acme/jira:api_token}',
    });
    expect(jira['streamList']).toContainEqual({ name: 'issues', syncMode: 'incremental_deduped_history' });
  });

  it('makes a form of what a person types in', async () => {
    const { form } = await ask<Entry>('/catalog/aws');
    expect(form).toEqual([
      { key: 'role_arn', label: 'ARN of the role', secret: false, required: true, help: expect.any(String) },
    ]);
  });

  it('explains permissions of an app that is installed', async () => {
    const { scopes } = await ask<Entry>('/catalog/github');
    expect(scopes).toContainEqual({ name: 'issues:read', explanation: 'Read their issues.' });
  });

  it('explains every scope that it asks for itself', async () => {
    for (const id of view.catalog.keys()) {
      const { scopes } = await ask<{ scopes: { name: string; explanation: string | null }[] }>(
        `/catalog/${id}`,
      );
      expect([id, scopes.filter(({ explanation }) => explanation === null)]).toEqual([id, []]);
    }
  });

  it('knows nothing of what it does not hold', async () => {
    const app = await testServer(
      testContext({ stack: { current: () => view } }),
      [catalogRoutes],
      as(VIEWER),
    );
    open.push(app);
    for (const id of ['nothing', '__proto__', 'constructor']) {
      expect([400, 404]).toContain((await app.inject(`/catalog/${id}`)).statusCode);
    }
  });
});
