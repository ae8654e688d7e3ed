/** How much of its quotas a tenant has used, and when they begin anew. */
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { Meter } from 'react-aria-components';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { count } from '../../../parts/figures.ts';
import { tenantKey } from '../../../parts/tenant-queries.ts';

type Quota = Schema<'Quota'>;

const REFRESH_MS = 30_000;

const NAMES: Readonly<Record<Quota['name'], string>> = {
  syncsPerDay: 'Syncs today',
  rowsPerMonth: 'Rows this month',
  callsPerMinute: 'Calls this minute',
};

export function Quotas({ tenant }: { readonly tenant: string }) {
  const quotas = useQuery({
    queryKey: [...tenantKey(tenant), 'quotas'],
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/quotas', { path: { tenant }, signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <>
      <h2 className="first">Quotas</h2>
      {quotas.isError && <Failure error={quotas.error} onRetry={() => quotas.refetch()} />}
      <div className="tenant-quotas">
        {quotas.data?.quotas.map((quota) => (
          <QuotaCard key={quota.name} quota={quota} />
        ))}
      </div>
    </>
  );
}

function QuotaCard({ quota: { name, limit, used, resetsAt } }: { readonly quota: Quota }) {
  const title = useId();
  const text = NAMES[name] ?? name;
  const share = limit === null ? 0 : limit === 0 ? 1 : Math.min(1, used / limit);
  const isFull = limit !== null && used >= limit;
  return (
    <div className="card tenant-quota" data-full={isFull}>
      <strong id={title}>{text}</strong>
      <span>
        {count(used)} {limit === null ? 'used, no limit' : `of ${count(limit)}`}
        {isFull && ' – used up'}
      </span>
      {limit !== null && (
        <Meter
          aria-labelledby={title}
          value={Math.min(used, limit)}
          maxValue={Math.max(limit, 1)}
          valueLabel={`${count(used)} of ${count(limit)}`}
          className="tenant-quota-bar"
        >
          <span style={{ width: `${share * 100}%` }} />
        </Meter>
      )}
      <span className="quiet">
        Begins anew <Ago at={resetsAt} />
      </span>
    </div>
  );
}
