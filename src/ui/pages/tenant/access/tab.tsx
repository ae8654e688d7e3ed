/** Who used the tokens of a tenant, when, and what for. */
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { api } from '../../../app/api.ts';
import { actorWords } from '../../../parts/actor.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Badge } from '../../../parts/badge.tsx';
import { Busy } from '../../../parts/busy.tsx';
import { Choice } from '../../../parts/choice.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { cut, Outside } from '../../../parts/outside.tsx';
import { Pages } from '../../../parts/pages.tsx';
import { ScrollTable } from '../../../parts/scroll-table.tsx';
import { integrationsQuery, tenantKey } from '../../../parts/tenant-queries.ts';
import { actionWords } from './words.ts';

const ON_A_PAGE = 100;

export function AccessTab() {
  const { tenant = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const integration = search.get('integration') ?? undefined;
  const before = search.get('before') ?? undefined;
  const integrations = useQuery(integrationsQuery(tenant));
  const log = useQuery({
    queryKey: [...tenantKey(tenant), 'access-log', integration, before],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/access-log', {
        path: { tenant },
        query: { limit: ON_A_PAGE, integration, before },
        signal,
      }),
  });
  const records = log.data?.records ?? [];
  const next = records.length === ON_A_PAGE ? (records.at(-1)?.id ?? null) : null;
  const options = [
    { value: '', text: 'All integrations' },
    ...(integrations.data?.integrations ?? []).map((each) => ({
      value: each.integration,
      text: cut(each.name),
    })),
  ];
  return (
    <>
      <h2 className="first">Uses of tokens</h2>
      <div className="tenant-row">
        <Choice
          label="Integration"
          value={integration ?? ''}
          options={options}
          onChange={(value) => setSearch(value === '' ? {} : { integration: value })}
        />
      </div>
      {log.isPending && <Busy label="Loading the access log" />}
      {log.isError && <Failure error={log.error} onRetry={() => log.refetch()} />}
      {log.data && records.length === 0 && <p className="card">No token was used yet.</p>}
      {records.length > 0 && (
        <ScrollTable
          label="Uses of tokens"
          columns={['When', 'Who', 'What for', 'Integration', 'How it went', 'Request']}
        >
          {records.map((record) => (
            <tr key={record.id}>
              <td>
                <Ago at={record.at} />
              </td>
              <td className="table-wide">
                <Outside text={actorWords(record.actor)} most={120} />
              </td>
              <td className="table-wide">
                {cut(actionWords(record.action))}
                {record.detail !== null && (
                  <div className="quiet">
                    <Outside text={record.detail} most={200} />
                  </div>
                )}
              </td>
              <td>
                <Outside text={record.integration} />
              </td>
              <td>
                <Badge tone={record.outcome === 'ok' ? 'good' : 'bad'}>
                  {record.outcome === 'ok' ? 'Done' : cut(record.outcome)}
                </Badge>
              </td>
              <td>{record.requestId === null ? '–' : <code>{cut(record.requestId, 64)}</code>}</td>
            </tr>
          ))}
        </ScrollTable>
      )}
      <Pages next={next} isFirst={before === undefined} />
    </>
  );
}
