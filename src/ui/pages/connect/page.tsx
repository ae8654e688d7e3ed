/** Connects one integration of one tenant. */
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { useOffer } from './offer.ts';
import type { Attempt } from './use-attempt.ts';
import { Wizard } from './wizard.tsx';
import './connect.css';

export function ConnectPage() {
  const { tenant = '', integration = '' } = useParams();
  // Another integration is another wizard: nothing of the one before may stay.
  return <Connect key={`${tenant}/${integration}`} tenant={tenant} integration={integration} />;
}

function Connect({ tenant, integration }: { readonly tenant: string; readonly integration: string }) {
  const [place] = useState({ tenant, integration });
  const offer = useOffer(place);
  const first = useReturned(integration);
  const name = offer.data?.name ?? integration;
  const tenantName = offer.data?.tenantName ?? tenant;
  return (
    <div className="connect">
      <title>{`Connect ${name} · Tenantry`}</title>
      <p className="quiet">
        <Link to={pathOfTenant(tenant)}>{tenantName}</Link>
      </p>
      <h1>
        Connect {name} to {tenantName}
      </h1>
      {offer.isPending && <Busy label="Looking what is needed" />}
      {offer.isError && <Failure error={offer.error} onRetry={() => offer.refetch()} />}
      {offer.data && <Wizard offer={offer.data} first={first} />}
    </div>
  );
}

/** How an attempt in this tab ended, as the sidecar tells in the address; that it is connected, it is asked itself. */
function useReturned(integration: string): Attempt {
  const [query] = useSearchParams();
  const [first] = useState<Attempt>(() => {
    if (query.get('integration') !== integration) return { step: 'ready' };
    if (query.get('status') === 'connected') return { step: 'connected' };
    if (query.get('status') !== 'failed') return { step: 'ready' };
    return { step: 'failed', trouble: { code: query.get('error') ?? 'Internal' } };
  });
  return first;
}
