/** One replica with connected tenants and callers of every kind, for tests in which a system goes away. */
import { agree } from '../../src/dev/idp/agree.ts';
import { AUDIENCE, startIssuer } from '../sidecar/callers/issuer.ts';
import { type Browser, openBrowser } from '../sidecar/oauth/browser.ts';
import { slack as signedSlack } from '../sidecar/webhooks/signing.ts';
import { type Answer, appsPlatform, CONFIG, type Replicas, startReplicas } from './sidecar-replicas.ts';
import { integrationYaml, tenantYaml } from './world.ts';

export const OF_ACME = '/tenants/acme/integrations';

/** A browser that has agreed at the provider and is on its way back. */
export interface OnItsWayBack {
  readonly browser: Browser;
  readonly callback: URL;
}

export interface UnderFault extends Replicas {
  /** A caller who is verified without Postgres: only such ones are served while it is away. */
  jwt(role: 'app' | 'tenant-admin', tenant?: string): Promise<string>;
  readonly keys: { readonly app: string; readonly manager: string };
  onItsWayBack(integration: string): Promise<OnItsWayBack>;
  /** The last step of a connect flow, answered as JSON. */
  callback(back: OnItsWayBack): Promise<Answer>;
  /** A new connect link of acme for Notion. */
  linkPath(): Promise<string>;
  /** A signed delivery of Slack about acme's workspace. */
  webhook(): Promise<Answer>;
  /** Stores a token of globex for Slack. */
  store(key: string): Promise<Answer>;
  token(integration: string): Promise<Answer>;
}

/** acme has connected Notion and Slack. `proxySeconds` is 5. */
export async function startUnderFault(): Promise<UnderFault> {
  const issuer = await startIssuer(() => world.clock.now);
  const callers = { jwt: [{ issuer: issuer.url, audience: AUDIENCE, roleClaim: 'role', role: 'app' }] };
  const limits = { proxySeconds: 5, oauthPerMinute: 10_000 };
  const world = await startReplicas({
    documents:
      appsPlatform({ callers, limits, publicMetrics: true }) +
      tenantYaml('acme') +
      tenantYaml('globex') +
      integrationYaml('acme', 'notion') +
      integrationYaml('acme', 'slack', CONFIG.slack) +
      integrationYaml('acme', 'jira', CONFIG.jira) +
      integrationYaml('globex', 'notion') +
      integrationYaml('globex', 'slack', CONFIG.slack),
    integrations: ['notion', 'slack', 'jira'],
  });
  const sidecar = await world.start();
  const keys = { app: await world.key('acme', 'app'), manager: await world.key('acme', 'tenant-admin') };
  await world.connect('acme', 'notion');
  await world.connect('acme', 'slack');
  let delivered = 0;

  async function link(integration: string): Promise<string> {
    const path = `${OF_ACME}/${integration}/connect-links`;
    const answer = await world.call(path, { method: 'POST', key: keys.manager, body: {} });
    return (JSON.parse(answer.text) as { url: string }).url;
  }

  return {
    ...world,
    keys,
    jwt: (role, tenant = 'acme') => issuer.sign({ role, tenant }),
    async onItsWayBack(integration) {
      const browser = openBrowser(sidecar.server, world.publicUrl);
      const pressed = await browser.press(await browser.visit(await link(integration)));
      if (pressed.location === undefined) throw new Error(pressed.text);
      return { browser, callback: await agree(pressed.location, { tenant: 'acme', jar: browser.jar }) };
    },
    async callback({ browser, callback }) {
      const started = performance.now();
      const visit = await browser.visit(callback, { headers: { accept: 'application/json' } });
      const code = visit.status < 400 ? undefined : (JSON.parse(visit.text) as { code: string }).code;
      return { ...visit, code, ms: performance.now() - started };
    },
    linkPath: async () => new URL(await link('notion')).pathname,
    async webhook() {
      delivered += 1;
      const [row] = await world.sql<{ org: string }>(
        `select external_org_id as org from tenantry.installations where tenant = 'acme' and integration = 'slack'`,
      );
      const payload = {
        type: 'event_callback',
        team_id: row?.org,
        event_id: `Ev${delivered}`,
        event: { type: 'message', text: 'hello' },
      };
      const { headers, body } = signedSlack(payload, world.clock.now, { key: 'slack-signing-secret' });
      return await world.call('/webhooks/slack', { method: 'POST', headers, body });
    },
    async store(key) {
      const body = { accessToken: `xoxb-${world.clock.now}` };
      return await world.call('/tenants/globex/integrations/slack/credentials', {
        method: 'POST',
        key,
        body,
      });
    },
    token: async (integration) =>
      await world.call(`${OF_ACME}/${integration}/token`, { key: await issuer.sign({ role: 'app' }) }),
    async close() {
      await world.close();
      await issuer.close();
    },
  };
}
