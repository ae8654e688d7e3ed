/** What needs a person now, worst first, each with its next step and the way there. */
import { Link } from 'react-router';
import type { Schema } from '../../../client/index.ts';
import { pathOfTenant } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge } from '../../parts/badge.tsx';
import { count } from '../../parts/figures.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { pathOfSyncs } from '../../parts/runs/run-words.ts';

type Need = Schema<'Need'>;

interface Props {
  readonly needs: readonly Need[];
  readonly total: number;
}

export function Needs({ needs, total }: Props) {
  return (
    <section aria-labelledby="needs">
      <h2 id="needs">What needs a person now</h2>
      {needs.length === 0 && <p className="card">Nothing. All that is connected works.</p>}
      <ul className="list">
        {needs.map((need) => (
          <li key={`${need.tenant} ${need.integration} ${need.about}`} className="overview-need">
            <div className="overview-need-head">
              <strong>
                <Outside text={need.tenantName} /> · <Outside text={need.name} />
              </strong>
              <Badge tone={need.about === 'credential' ? 'bad' : 'warn'}>
                {need.about === 'credential' ? 'Access' : 'Sync'}
              </Badge>
              <span className="quiet">
                since <Ago at={need.since} />
              </span>
            </div>
            <p>
              <Outside text={need.reason} most={400} />
            </p>
            <p className="quiet">
              <Outside text={need.remedy} most={400} />
            </p>
            <Way need={need} />
          </li>
        ))}
      </ul>
      {total > needs.length && (
        <p className="quiet">
          {count(total - needs.length)} more are not shown:{' '}
          <Link to="/tenants?state=needsPerson">see the tenants</Link>.
        </p>
      )}
    </section>
  );
}

function Way({ need: { tenant, integration, about, name, tenantName } }: { readonly need: Need }) {
  const of = `${cut(name)} of ${cut(tenantName)}`;
  return about === 'credential' ? (
    <Link to={pathOfTenant(tenant)} aria-label={`Open the integrations: ${of}`}>
      Open the integrations
    </Link>
  ) : (
    <Link to={pathOfSyncs(tenant, integration)} aria-label={`See the syncs: ${of}`}>
      See the syncs
    </Link>
  );
}
