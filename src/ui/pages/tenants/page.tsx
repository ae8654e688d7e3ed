/** All tenants that the caller may act for: found by name and state, both of which stand in the address. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useAddress } from '../../parts/address.ts';
import { Busy } from '../../parts/busy.tsx';
import { Choice } from '../../parts/choice.tsx';
import { Failure } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { SearchBox } from './search-box.tsx';
import { STATES, stateIn } from './states.ts';
import { TenantList } from './tenant-list.tsx';
import './tenants.css';

/** More than a screen holds; each further page is longer. */
const AT_FIRST = 100;
const ON_A_PAGE = 500;
const REFRESH_MS = 60_000;

export function TenantsPage() {
  const [address, change] = useAddress();
  const search = address.get('search') ?? '';
  const state = stateIn(address);
  const tenants = useInfiniteQuery({
    queryKey: ['tenants', search, state],
    queryFn: ({ pageParam, signal }) =>
      api.get('/tenants', {
        query: {
          limit: pageParam === undefined ? AT_FIRST : ON_A_PAGE,
          ...(search !== '' && { search }),
          ...(state !== '' && { state }),
          ...(pageParam !== undefined && { after: pageParam }),
        },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
    // Asked for again are all pages that were read: only where that is one.
    refetchInterval: ({ state: { data } }) => (data && data.pages.length === 1 ? REFRESH_MS : false),
  });
  const total = tenants.data?.pages[0]?.total;
  const isAll = search === '' && state === '';
  return (
    <>
      <title>Tenants · Tenantry</title>
      <h1>Tenants</h1>
      <search className="tenants-find">
        <SearchBox value={search} onChange={(text) => change('search', text)} />
        <Choice label="State" value={state} options={STATES} onChange={(value) => change('state', value)} />
        <p role="status" className="quiet tenants-total">
          {total !== undefined &&
            !tenants.isPlaceholderData &&
            `${countOf(total, 'tenant')}${isAll ? '' : ' found'}`}
        </p>
      </search>
      {tenants.isPending && <Busy label="Loading the tenants" />}
      {tenants.isError && <Failure error={tenants.error} onRetry={() => tenants.refetch()} />}
      {total === 0 && (
        <p className="card">
          {isAll
            ? 'There is no tenant yet: each is a document of kind Tenant in the platform’s repository.'
            : 'No tenant is so. Look for another name or state.'}
        </p>
      )}
      {tenants.data && total !== 0 && (
        <TenantList
          pages={tenants.data.pages}
          hasMore={tenants.hasNextPage && !tenants.isPlaceholderData}
          isLoadingMore={tenants.isFetchingNextPage}
          // What is under way goes on: it may be the first page of another search.
          onMore={() => void tenants.fetchNextPage({ cancelRefetch: false })}
        />
      )}
    </>
  );
}
