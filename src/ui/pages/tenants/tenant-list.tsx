/** Thousands of tenants, of which only those in sight are in the page. */
import { useMemo } from 'react';
import {
  Collection,
  GridList,
  GridListItem,
  GridListLoadMoreItem,
  ListLayout,
  Virtualizer,
} from 'react-aria-components';
import type { Schema } from '../../../client/index.ts';
import { pathOfTenant } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge } from '../../parts/badge.tsx';
import { countOf } from '../../parts/figures.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { standingOf, type Tenant } from './states.ts';

const ROW_PX = 72;

interface Props {
  readonly pages: readonly Schema<'TenantPage'>[];
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly onMore: () => void;
}

export function TenantList({ pages, hasMore, isLoadingMore, onMore }: Props) {
  const items = useMemo(() => pages.flatMap(({ tenants }) => tenants), [pages]);
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowSize: ROW_PX, loaderSize: ROW_PX }}>
      <GridList aria-label="Tenants" className="tenants-list" selectionMode="none">
        <Collection items={items}>{(tenant) => <TenantRow id={tenant.name} tenant={tenant} />}</Collection>
        {hasMore && (
          <GridListLoadMoreItem onLoadMore={onMore} isLoading={isLoadingMore} scrollOffset={4}>
            Loading more …
          </GridListLoadMoreItem>
        )}
      </GridList>
    </Virtualizer>
  );
}

interface RowProps {
  /** The collection knows a row by it. */
  readonly id: string;
  readonly tenant: Tenant;
}

function TenantRow({ id, tenant }: RowProps) {
  const { name, displayName, integrations, nextSyncAt, lastSyncAt } = tenant;
  const { tone, text } = standingOf(tenant);
  const shown = displayName ?? name;
  return (
    <GridListItem
      id={id}
      textValue={`${cut(shown)}, ${text}`}
      href={pathOfTenant(name)}
      className="tenants-row"
    >
      <div className="tenants-cell">
        <span className="tenants-name">
          <strong>
            <Outside text={shown} most={60} />
          </strong>
          {displayName !== null && displayName !== name && <code className="quiet">{cut(name, 60)}</code>}
        </span>
        <Badge tone={tone}>{text}</Badge>
        <span className="quiet tenants-more">
          {countOf(integrations.total, 'integration')}
          {lastSyncAt !== null && (
            <>
              {' '}
              · last sync <Ago at={lastSyncAt} />
            </>
          )}
          {nextSyncAt !== null && (
            <>
              {' '}
              · next <Ago at={nextSyncAt} />
            </>
          )}
        </span>
      </div>
    </GridListItem>
  );
}
