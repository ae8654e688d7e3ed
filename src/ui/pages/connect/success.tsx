/** It is connected: the first rows, when the next sync is, and where to go from here. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge } from '../../parts/badge.tsx';
import { countOf } from '../../parts/figures.ts';
import { syncStatesQuery } from '../../parts/tenant-queries.ts';
import { FirstRows } from './first-rows.tsx';
import type { Offer } from './offer.ts';

const ASK_AGAIN_MS = 5_000;

interface Props {
  readonly offer: Offer;
  readonly onAgain: () => void;
}

export function Success({ offer, onAgain }: Props) {
  const { name, tenantName, place } = offer;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus();
  }, []);
  return (
    <section className="card connect-success" aria-labelledby="connect-done">
      <h2 id="connect-done" className="connect-title" ref={title} tabIndex={-1}>
        {name} is connected to {tenantName}
      </h2>
      <p>
        <Badge tone="good">Connected</Badge> <NextSync offer={offer} />
      </p>
      <FirstRows place={place} name={name} onAgain={onAgain} />
      <div className="actions">
        <Link className="button" to={pathOfTenant(place.tenant)}>
          Go to {tenantName}
        </Link>
        <Link className="button" to="/">
          Overview
        </Link>
      </div>
    </section>
  );
}

function NextSync({ offer: { place } }: { readonly offer: Offer }) {
  const states = useQuery({
    ...syncStatesQuery(place.tenant),
    // The connection is made after the credential is there.
    refetchInterval: ASK_AGAIN_MS,
  });
  const state = states.data?.syncs.find(({ integration }) => integration === place.integration);
  if (states.isPending) return <span className="quiet">Looking when the next sync is …</span>;
  if (!state) return <span className="quiet">The first sync is being prepared.</span>;
  if (state.last && (state.last.status === 'running' || state.last.status === 'waiting')) {
    return <span>The first sync is under way.</span>;
  }
  const synced = state.last?.status === 'succeeded' ? `${countOf(state.last.rows ?? 0, 'row')} synced. ` : '';
  if (state.nextAt !== null) {
    return (
      <span>
        {synced}Next sync <Ago at={state.nextAt} />.
      </span>
    );
  }
  return state.schedule === 'manual' ? (
    <span>{synced}It syncs when somebody starts it.</span>
  ) : (
    <span className="quiet">The first sync is being prepared.</span>
  );
}
