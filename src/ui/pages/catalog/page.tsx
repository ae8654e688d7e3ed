/** All services that tenants can be connected to, searched and filtered; the filter is part of the address. */
import { useQuery } from '@tanstack/react-query';
import { Input, Label, SearchField } from 'react-aria-components';
import { Link } from 'react-router';
import { api } from '../../app/api.ts';
import { useAddress } from '../../parts/address.ts';
import { Badge } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Choice } from '../../parts/choice.tsx';
import { Failure } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { cut } from '../../parts/outside.tsx';
import { appWords, authWords, categoryWords, isFound, offersWords, type Summary } from './words.ts';
import './catalog.css';

export function CatalogPage() {
  const [query, change] = useAddress();
  const catalog = useQuery({
    queryKey: ['catalog'],
    queryFn: ({ signal }) => api.get('/catalog', { signal }),
  });
  const search = query.get('search') ?? '';
  const category = query.get('category') ?? '';
  const all = catalog.data?.integrations ?? [];
  const categories = [...new Set(all.map((each) => each.category))].sort();
  const found = all.filter(
    (each) => isFound(each, search) && (category === '' || each.category === category),
  );
  return (
    <>
      <title>Catalog · Tenantry</title>
      <h1>Catalog</h1>
      <search className="catalog-filter">
        <SearchField value={search} onChange={(value) => change('search', value)} className="catalog-search">
          <Label>Search</Label>
          <Input placeholder="Name or category" />
        </SearchField>
        <Choice
          label="Category"
          value={category}
          options={[
            { value: '', text: 'All categories' },
            ...categories.map((each) => ({ value: each, text: categoryWords(each) })),
          ]}
          onChange={(value) => change('category', value)}
        />
      </search>
      {catalog.isPending && <Busy label="Loading the catalog" />}
      {catalog.isError && <Failure error={catalog.error} onRetry={() => catalog.refetch()} />}
      {catalog.data && (
        <>
          <p role="status" className="quiet">
            {found.length === 0
              ? 'Nothing matches. Search for less, or choose all categories.'
              : countOf(found.length, 'service')}
          </p>
          <ul className="catalog-cards">
            {found.map((each) => (
              <Card key={each.id} service={each} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Card({ service }: { readonly service: Summary }) {
  const app = appWords(service.app);
  return (
    <li className="card catalog-card">
      <h2>
        <Link to={`/catalog/${service.id}`}>{cut(service.name)}</Link>
      </h2>
      <p className="quiet">{categoryWords(service.category)}</p>
      <p>{authWords(service.auth)}</p>
      <p className="quiet">{offersWords(service)}</p>
      <Badge tone={app.tone}>{app.text}</Badge>
    </li>
  );
}
