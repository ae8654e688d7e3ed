/** One service of the catalog: how one connects, what is asked for, what comes of it. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { Badge } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Copyable } from '../../parts/copyable.tsx';
import { Failure } from '../../parts/failure.tsx';
import { cut } from '../../parts/outside.tsx';
import { ScrollTable } from '../../parts/scroll-table.tsx';
import { ConnectFor } from './connect-for.tsx';
import { appWords, authWords, categoryWords, offersWords } from './words.ts';
import './catalog.css';

export function CatalogEntryPage() {
  const { integration = '' } = useParams();
  const entry = useQuery({
    queryKey: ['catalog', integration],
    queryFn: ({ signal }) => api.get('/catalog/{integration}', { path: { integration }, signal }),
  });
  const name = cut(entry.data?.name ?? integration);
  return (
    <>
      <title>{`${name} · Catalog · Tenantry`}</title>
      <p className="quiet">
        <Link to="/catalog">Catalog</Link>
      </p>
      <h1>{name}</h1>
      {entry.isPending && <Busy label="Loading the service" />}
      {entry.isError && <Failure error={entry.error} onRetry={() => entry.refetch()} />}
      {entry.data && <Entry entry={entry.data} />}
    </>
  );
}

function Entry({ entry }: { readonly entry: Schema<'CatalogEntry'> }) {
  const app = appWords(entry.app);
  return (
    <>
      <p>
        {categoryWords(entry.category)} · {authWords(entry.auth)} · {offersWords(entry)}{' '}
        <Badge tone={app.tone}>{app.text}</Badge>
      </p>
      {entry.app === 'missing' && (
        <p className="card failure">
          The platform has no app of {cut(entry.name)} yet, so that nobody can connect with it. Set{' '}
          <code>spec.apps.{entry.id}</code> of the Platform document, or let tenants bring their own.
        </p>
      )}
      <ConnectFor integration={entry.id} name={cut(entry.name)} />
      <Asked entry={entry} />
      <Streams entry={entry} />
      <Settings entry={entry} />
      <h2>For the documents</h2>
      <Copyable label="document" text={documentOf(entry)} />
      {URL.canParse(entry.docs) && (
        <p>
          <a href={entry.docs} rel="noreferrer" target="_blank">
            {cut(entry.name)}’s own page about this (opens in a new tab)
          </a>
        </p>
      )}
    </>
  );
}

function Asked({ entry: { name, scopes, form } }: { readonly entry: Schema<'CatalogEntry'> }) {
  if (scopes.length === 0 && form.length === 0) return null;
  return (
    <>
      <h2>What is asked for</h2>
      <ul>
        {scopes.map((scope) => (
          <li key={scope.name}>
            {scope.explanation !== null && <>{cut(scope.explanation, 300)} </>}
            <code className="quiet">{cut(scope.name)}</code>
          </li>
        ))}
        {form.map(({ key, label, help }) => (
          <li key={key}>
            {cut(label)} of {cut(name)}
            {help !== null && <span className="quiet"> – {cut(help, 300)}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Streams({ entry: { streamList } }: { readonly entry: Schema<'CatalogEntry'> }) {
  if (streamList.length === 0) return null;
  return (
    <>
      <h2>What is synced</h2>
      <ScrollTable label="Streams" columns={['Stream', 'How rows are written']}>
        {streamList.map(({ name, syncMode }) => (
          <tr key={name}>
            <td>{cut(name)}</td>
            <td>{(syncMode ?? 'full_refresh_overwrite').replaceAll('_', ' ')}</td>
          </tr>
        ))}
      </ScrollTable>
    </>
  );
}

function Settings({ entry: { settings } }: { readonly entry: Schema<'CatalogEntry'> }) {
  if (settings.length === 0) return null;
  return (
    <>
      <h2>Settings</h2>
      <ScrollTable label="Settings" columns={['Field of spec.config', 'What it is', 'Needed']}>
        {settings.map(({ key, help, required, secret }) => (
          <tr key={key}>
            <td>
              <code>{key}</code>
            </td>
            <td className="table-wide">{cut(help ?? '', 400)}</td>
            <td>{`${required ? 'yes' : 'no'}${secret ? ', as a reference' : ''}`}</td>
          </tr>
        ))}
      </ScrollTable>
    </>
  );
}

/** The least that connects a tenant, to be filled in. */
function documentOf({ id, settings }: Schema<'CatalogEntry'>): string {
  const needed = settings.filter(({ required }) => required);
  const config = needed.map(
    ({ key, example }) => `    ${key}: ${example === undefined ? '…' : JSON.stringify(example)}`,
  );
  return [
    'apiVersion: tenantry.dev/v1alpha1',
    'kind: TenantIntegration',
    'metadata:',
    `  name: acme-${id}`,
    'spec:',
    '  tenant: acme',
    `  integration: ${id}`,
    ...(config.length > 0 ? ['  config:', ...config] : []),
  ].join('\n');
}
