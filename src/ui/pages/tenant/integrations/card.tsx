/** One integration: state, figures, what is wrong with it, and the buttons. */
import { useId, useState } from 'react';
import { Link } from 'react-router';
import type { Schema } from '../../../../client/index.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Badge } from '../../../parts/badge.tsx';
import { count } from '../../../parts/figures.ts';
import { useKeepFocus } from '../../../parts/keep-focus.ts';
import { Outside } from '../../../parts/outside.tsx';
import { pathOfRun, statusOf } from '../../../parts/runs/run-words.ts';
import { sentence } from '../../../parts/sentence.ts';
import { Actions } from './actions.tsx';
import { scheduleWords } from './schedule-words.ts';
import { type Integration, type SyncState, stateOf, troublesOf } from './words.ts';

interface Props {
  readonly tenant: string;
  readonly integration: Integration;
  readonly sync: SyncState | undefined;
  readonly installation: Schema<'Installation'> | undefined;
}

export function IntegrationCard({ tenant, integration, sync, installation }: Props) {
  const title = useId();
  const [told, setTold] = useState('');
  const { tone, text } = stateOf(integration);
  const keepsFocus = useKeepFocus<HTMLLIElement>();
  return (
    <li aria-labelledby={title} {...keepsFocus}>
      <div className="tenant-card-head">
        <h2 id={title}>
          <Outside text={integration.name} />
        </h2>
        <Badge tone={tone}>{text}</Badge>
      </div>
      {troublesOf(integration, sync).map(({ what, remedy }) => (
        <div key={what} className="tenant-trouble">
          <p>
            <Outside text={sentence(what)} most={400} />
          </p>
          {remedy !== undefined && (
            <p className="quiet">
              <Outside text={sentence(remedy)} most={400} />
            </p>
          )}
        </div>
      ))}
      <Facts integration={integration} sync={sync} installation={installation} />
      <Actions
        tenant={tenant}
        integration={integration}
        sync={sync}
        installation={installation}
        onDone={setTold}
      />
      <p role="status" className="quiet told">
        {told}
      </p>
    </li>
  );
}

function Facts({ integration, sync, installation }: Omit<Props, 'tenant'>) {
  const last = sync?.last;
  const account = installation?.externalOrgName ?? installation?.externalOrgId;
  return (
    <dl className="tenant-facts">
      {account && (
        <div>
          <dt>Account</dt>
          <dd>
            <Outside text={account} />
          </dd>
        </div>
      )}
      {integration.createdAt !== null && (
        <div>
          <dt>Connected</dt>
          <dd>
            <Ago at={integration.createdAt} />
          </dd>
        </div>
      )}
      {sync && (
        <>
          <div>
            <dt>Last sync</dt>
            <dd>
              {last ? (
                <Link to={pathOfRun(last)}>
                  {statusOf(last).text} <Ago at={last.endedAt ?? last.startedAt} none="" />
                </Link>
              ) : (
                <span className="quiet">none yet</span>
              )}
            </dd>
          </div>
          {last?.rows != null && (
            <div>
              <dt>Rows</dt>
              <dd>{count(last.rows)}</dd>
            </div>
          )}
          <div>
            <dt>Next sync</dt>
            <dd>
              <Ago at={sync.nextAt} none="not planned" />
            </dd>
          </div>
          <div>
            <dt>Schedule</dt>
            <dd>
              <Outside text={scheduleWords(sync.schedule)} />
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}
