/** What an integration has to give: its streams, their columns, and sample rows. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { streamsQuery, useIntegrationName } from '../../parts/tenant-queries.ts';
import { useMay } from '../../session/session.ts';
import { Columns } from './columns.tsx';
import { SampleRows } from './sample-rows.tsx';
import { StreamList } from './stream-list.tsx';
import './preview.css';

export function PreviewPage() {
  const { tenant = '', integration = '' } = useParams();
  const name = useIntegrationName(tenant, integration);
  const [search] = useSearchParams();
  const streams = useQuery(streamsQuery(tenant, integration));
  const may = useMay();
  const list = streams.data?.streams ?? [];
  const asked = search.get('stream');
  const stream = list.find(({ name }) => name === asked) ?? (asked === null ? list[0] : undefined);
  return (
    <>
      <title>{`Preview of ${cut(name)} · Tenantry`}</title>
      <p className="crumbs">
        <Link to={pathOfTenant(tenant)}>{cut(tenant)}</Link>
      </p>
      <h1>
        Preview of <Outside text={name} />
      </h1>
      {streams.isPending && <Busy label="Asking for the streams" />}
      {streams.isError && <Failure error={streams.error} onRetry={() => streams.refetch()} />}
      {streams.data && list.length === 0 && <p className="card">It has no streams.</p>}
      {streams.data && list.length > 0 && (
        <>
          <p className="quiet">
            {countOf(list.length, 'stream')}
            {streams.data.from === 'catalog' &&
              ', as the catalog tells them: when the integration is connected, it may have more streams and columns'}
            .
          </p>
          <div className="preview-parts">
            <StreamList streams={list} chosen={stream?.name} />
            <div className="preview-stream">
              {stream ? (
                <>
                  <h2 className="first">
                    <Outside text={stream.name} />
                  </h2>
                  {may('see rows') ? (
                    <SampleRows tenant={tenant} integration={integration} stream={stream} />
                  ) : (
                    <p className="card">
                      Sample rows are shown to the roles app and admin. Columns are below.
                    </p>
                  )}
                  <Columns stream={stream} />
                </>
              ) : (
                <p className="card">There is no stream of this name any more: choose another.</p>
              )}
            </div>
          </div>
        </>
      )}
    </>
  );
}
