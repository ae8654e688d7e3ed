/** The first-run check list: what is set up, what is not, and what to do about it; the worst first. */
import { useQuery } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { CheckLine } from './check-line.tsx';
import { TokenLeft } from './token-left.tsx';
import { worstFirst } from './worst-first.ts';
import './setup.css';

const LOOK_AGAIN_MS = 60_000;

export function SetupPage() {
  const setup = useQuery({
    queryKey: ['setup'],
    queryFn: ({ signal }) => api.get('/admin/setup', { signal }),
    refetchInterval: LOOK_AGAIN_MS,
  });
  return (
    <>
      <title>Setup · Tenantry</title>
      <div className="setup-top">
        <h1>Setup</h1>
        <Button className="button" onPress={() => void setup.refetch()} isDisabled={setup.isFetching}>
          Check again
        </Button>
      </div>
      {setup.isPending && <Busy label="Checking every system" />}
      {setup.isError && <Failure error={setup.error} onRetry={() => setup.refetch()} />}
      {setup.data && <Found setup={setup.data} isChecking={setup.isFetching} />}
    </>
  );
}

interface Props {
  readonly setup: Schema<'Setup'>;
  readonly isChecking: boolean;
}

function Found({ setup: { state, checks, airbyteToken, at }, isChecking }: Props) {
  return (
    <>
      <p role="status" className="setup-state">
        <Badge tone={TONES[state]}>{STATES[state]}</Badge> {summary(checks)}{' '}
        <span className="quiet">
          {isChecking ? (
            'Checking …'
          ) : (
            <>
              Checked <Ago at={at} />.
            </>
          )}
        </span>
      </p>
      {airbyteToken && <TokenLeft token={airbyteToken} at={at} />}
      <ul className="list">
        {worstFirst(checks).map((check) => (
          <CheckLine key={check.id} check={check} />
        ))}
      </ul>
    </>
  );
}

const TONES: Readonly<Record<Schema<'Setup'>['state'], Tone>> = {
  ok: 'good',
  warning: 'warn',
  failed: 'bad',
};
const STATES: Readonly<Record<Schema<'Setup'>['state'], string>> = {
  ok: 'All is set up',
  warning: 'Works, with warnings',
  failed: 'Something has to be fixed',
};

function summary(checks: readonly Schema<'SetupCheck'>[]): string {
  const good = checks.filter(({ state }) => state === 'ok').length;
  return `${good} of ${countOf(checks.length, 'check')} passed.`;
}
