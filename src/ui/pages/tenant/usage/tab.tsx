/** What a tenant uses by day, and how much of its quotas. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useParams } from 'react-router';
import { api } from '../../../app/api.ts';
import { useAddress } from '../../../parts/address.ts';
import { Busy } from '../../../parts/busy.tsx';
import { Choice } from '../../../parts/choice.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { count } from '../../../parts/figures.ts';
import { ScrollTable } from '../../../parts/scroll-table.tsx';
import { tenantKey } from '../../../parts/tenant-queries.ts';
import { byDay, type DayFigures, dayWords, MEASURES, type Measure, spanOf } from './figures.ts';
import { Quotas } from './quotas.tsx';

const Chart = lazy(async () => ({ default: (await import('./chart.tsx')).Chart }));

const REFRESH_MS = 60_000;
const SPANS = [
  { value: '7', text: 'Last 7 days' },
  { value: '30', text: 'Last 30 days' },
  { value: '90', text: 'Last 90 days' },
] as const;

export function UsageTab() {
  const { tenant = '' } = useParams();
  const [search, choose] = useAddress();
  const measure = MEASURES.find(({ value }) => value === search.get('show')) ?? MEASURES[0];
  const days = SPANS.find(({ value }) => value === search.get('days')) ?? SPANS[1];
  const span = spanOf(Number(days.value), Date.now());
  const usage = useQuery({
    queryKey: [...tenantKey(tenant), 'usage', span],
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/usage', { path: { tenant }, query: span, signal }),
    refetchInterval: REFRESH_MS,
  });
  if (!measure) return null;
  return (
    <>
      <Quotas tenant={tenant} />
      <h2>Usage by day</h2>
      <div className="tenant-row">
        <Choice
          label="Show"
          value={measure.value}
          options={MEASURES}
          onChange={(value: Measure) => choose('show', value)}
        />
        <Choice
          label="Days"
          value={days.value}
          options={SPANS}
          onChange={(value: string) => choose('days', value)}
        />
      </div>
      {usage.isPending && <Busy label="Loading the usage" />}
      {usage.isError && <Failure error={usage.error} onRetry={() => usage.refetch()} />}
      {usage.data && <Days days={byDay(usage.data.days, span)} measure={measure} />}
    </>
  );
}

interface DaysProps {
  readonly days: readonly DayFigures[];
  readonly measure: (typeof MEASURES)[number];
}

function Days({ days, measure }: DaysProps) {
  const total = days.reduce((sum, day) => sum + day[measure.value], 0);
  return (
    <>
      <p>
        {measure.text}: <strong>{measure.show(total)}</strong> in {count(days.length)} days (UTC)
      </p>
      <Suspense fallback={<div className="tenant-chart" />}>
        <Chart days={days} measure={measure} />
      </Suspense>
      <ScrollTable
        label="Usage by day"
        columns={['Day', ...MEASURES.map(({ text }) => ({ name: text, isFigure: true }) as const)]}
      >
        {days.toReversed().map((day) => (
          <tr key={day.day}>
            <th scope="row">
              <time dateTime={day.day}>{dayWords(day.day)}</time>
            </th>
            {MEASURES.map(({ value, show }) => (
              <td key={value} className="table-figure">
                {show(day[value])}
              </td>
            ))}
          </tr>
        ))}
      </ScrollTable>
    </>
  );
}
