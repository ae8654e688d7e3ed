/** One tenant: what is around its tabs, each of which is an address. */
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { NavLink, Outlet, useParams } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Badge } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { cut, Outside } from '../../parts/outside.tsx';
import { tenantQuery } from '../../parts/tenant-queries.ts';
import { type Deed, useMay } from '../../session/session.ts';
import './tenant.css';

const TABS: readonly { readonly path: string; readonly text: string; readonly needs?: Deed }[] = [
  { path: '', text: 'Integrations' },
  { path: 'syncs', text: 'Syncs' },
  { path: 'usage', text: 'Usage' },
  { path: 'access-log', text: 'Access log' },
  { path: 'api-keys', text: 'API keys', needs: 'manage' },
  { path: 'webhooks', text: 'Webhooks' },
];

export function TenantPage() {
  const { tenant = '' } = useParams();
  const may = useMay();
  const found = useQuery(tenantQuery(tenant));
  const name = found.data?.displayName ?? tenant;
  const base = pathOfTenant(tenant);
  return (
    <>
      <title>{`${cut(name)} · Tenantry`}</title>
      <div className="tenant-head">
        <h1>
          <Outside text={name} />
        </h1>
        {name !== tenant && <code>{cut(tenant)}</code>}
        {found.data?.suspended && <Badge tone="warn">Suspended</Badge>}
      </div>
      <nav aria-label="Parts of the tenant" className="tenant-tabs">
        {TABS.filter(({ needs }) => needs === undefined || may(needs)).map(({ path, text }) => (
          <NavLink key={path} to={path === '' ? base : `${base}/${path}`} end>
            {text}
          </NavLink>
        ))}
      </nav>
      <Suspense fallback={<Busy label="Loading" />}>
        <Outlet />
      </Suspense>
    </>
  );
}
