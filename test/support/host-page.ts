/** A customer's own product: a page of another site with a strict policy that holds the connect component, and its backend. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HostPage {
  /** Of the page as the browser has it: another site than the sidecar's 127.0.0.1. */
  readonly origin: string;
  /** The same server under a name that no list has. */
  readonly otherOrigin: string;
  /** Sessions that the backend made. */
  readonly sessions: { count: number };
  /** Says which sidecar it works with. */
  use(host: HostOptions): void;
  close(): Promise<void>;
}

export interface HostOptions {
  readonly sidecar: string;
  /** API key of the backend. */
  readonly key: string;
  readonly tenant: string;
  readonly session?: object;
}

const SCRIPT = `
window.events = [];
const element = document.querySelector('tenantry-connect');
for (const name of ['connected', 'failed', 'closed', 'disconnected']) {
  document.addEventListener('tenantry-' + name, ({ detail }) => window.events.push({ name, ...detail }));
}
const newSession = async () => (await (await fetch('/session', { method: 'POST' })).json()).token;
if (!new URLSearchParams(location.search).has('no-renewal')) element.renewSession = newSession;
else newSession().then((token) => element.setAttribute('tenant-session', token));
`;

const STYLE = `
main { max-width: 30rem; margin: 2rem auto; font-family: sans-serif; }
.themed { --tenantry-accent: rgb(120, 0, 80); --tenantry-radius: 0px; }
.themed::part(name) { letter-spacing: 3px; }
`;

/** Before the sidecar is started, so that its document can name the origin. */
export async function startHostPage(): Promise<HostPage> {
  const sessions = { count: 0 };
  let host: HostOptions | undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    const send = (type: string, text: string): void => {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policyOf(host) });
      response.end(text);
    };
    if (url.pathname === '/host.js') return send('text/javascript', SCRIPT);
    if (url.pathname === '/host.css') return send('text/css', STYLE);
    if (url.pathname === '/session' && request.method === 'POST' && host) {
      sessions.count += 1;
      newSession(host).then(
        (text) => send('application/json', text),
        () => response.writeHead(502).end(),
      );
      return;
    }
    if (url.pathname === '/') return send('text/html', pageOf(host, url.searchParams));
    response.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    otherOrigin: `http://127.0.0.1:${port}`,
    sessions,
    use(wanted) {
      host = wanted;
    },
    close: () => stop(server),
  };
}

async function newSession({ sidecar, key, tenant, session = {} }: HostOptions): Promise<string> {
  const response = await fetch(`${sidecar}/tenants/${tenant}/embed-sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(session),
  });
  if (!response.ok) throw new Error(await response.text());
  return await response.text();
}

/** Nothing but what the component needs: its file, and calls to the sidecar. */
function policyOf(host: HostOptions | undefined): string {
  const { sidecar = "'none'" } = host ?? {};
  return [
    "default-src 'none'",
    `script-src 'self' ${sidecar}`,
    `connect-src 'self' ${sidecar}`,
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function pageOf(host: HostOptions | undefined, asked: URLSearchParams): string {
  const { sidecar = '' } = host ?? {};
  const attribute = (name: string): string => {
    const value = asked.get(name);
    return value === null ? '' : ` ${name}="${value}"`;
  };
  return `<!doctype html><html lang="${asked.get('page-lang') ?? 'en'}"><head><meta charset="utf-8"><title>Settings</title>
<link rel="stylesheet" href="/host.css">
<script type="module" src="${sidecar}/ui/embed/connect.js"></script><script type="module" src="/host.js"></script></head>
<body><main><h1>Settings</h1><tenantry-connect url="${sidecar}"${attribute('integration')}${attribute('lang')}${attribute('class')}></tenantry-connect></main></body></html>`;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
