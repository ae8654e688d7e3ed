/** Why a run failed or was not begun: kind, cause, and what to do. */
import { Link } from 'react-router';
import { pathOfConnect } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { cut, Outside } from '../../parts/outside.tsx';
import { classOf, type Run } from '../../parts/runs/run-words.ts';
import { sentence } from '../../parts/sentence.ts';
import { useMay } from '../../session/session.ts';

/** A run that goes on has a reason too where it was put off. */
const TITLES: Partial<Readonly<Record<Run['status'], string>>> = {
  skipped: 'Why it was not begun',
  waiting: 'Why it waits',
  running: 'Why it began again',
  cancelled: 'Why it was cancelled',
};

interface Props {
  readonly run: Run;
  readonly error: NonNullable<Run['error']>;
}

export function RunFailure({ run, error }: Props) {
  const may = useMay();
  const needsConnecting =
    error.class === 'token' || error.code === 'ScopesMissing' || error.code === 'CredentialNotFoundError';
  return (
    <section aria-labelledby="why" className="card failure syncs-failure">
      <h2 id="why" className="first">
        {TITLES[run.status] ?? 'Why it failed'}
      </h2>
      <dl className="syncs-reasons">
        <div>
          <dt>What happened</dt>
          <dd>
            <Outside text={sentence(error.message)} most={600} />
          </dd>
        </div>
        <div>
          <dt>Where it lies</dt>
          <dd>
            {cut(classOf(error))} <span className="quiet">({cut(error.code)})</span>
          </dd>
        </div>
        <div>
          <dt>What to do</dt>
          <dd>
            {error.nextStep === null ? 'Nothing.' : <Outside text={sentence(error.nextStep)} most={600} />}
            {run.retryAt !== null && (
              <>
                {' '}
                It is tried again <Ago at={run.retryAt} />.
              </>
            )}
          </dd>
        </div>
      </dl>
      {needsConnecting && may('connect') && (
        <Link className="button primary" to={pathOfConnect(run.tenant, run.integration)}>
          Connect again
        </Link>
      )}
    </section>
  );
}
