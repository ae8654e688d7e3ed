/** The way from "not connected" to the first rows: told what it is about, asked, done. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { Button } from 'react-aria-components';
import { api } from '../../app/api.ts';
import { sentence } from '../../parts/sentence.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';
import { AttemptPanel } from './attempt-panel.tsx';
import { Consent } from './consent.tsx';
import { CredentialForm } from './credential-form.tsx';
import { wordsOf } from './failures.ts';
import type { Offer } from './offer.ts';
import { OwnApp } from './own-app.tsx';
import { Success } from './success.tsx';
import { TroublePanel } from './trouble.tsx';
import { type Attempt, type UsedAttempt, useAttempt } from './use-attempt.ts';

/** @param first how an attempt in this tab ended, where the person comes from one */
export function Wizard({ offer, first }: { readonly offer: Offer; readonly first: Attempt }) {
  const { place, name, isConnected, missing, problem } = offer;
  const used = useAttempt(place, first);
  const { attempt, settle } = used;
  const disconnect = useDisconnect(offer, settle);
  const onDisconnect = offer.status === 'missing' || offer.status === 'revoked' ? undefined : disconnect;
  if (attempt.step === 'connected' && isConnected && missing.length === 0)
    return <Success offer={offer} onAgain={() => settle({ step: 'ready' })} />;
  const failed = attempt.step === 'failed' ? attempt.trouble : undefined;
  // The last consent did not bring all of it.
  const lacks = attempt.step === 'connected' && missing.length > 0 ? { code: 'ScopesMissing' } : undefined;
  const trouble = failed ?? lacks;
  return (
    <>
      {trouble && (
        <TroublePanel words={wordsOf(trouble, name)} name={name} place={place} onDisconnect={onDisconnect} />
      )}
      {!trouble && <Standing offer={offer} />}
      {problem ? <Problem offer={offer} problem={problem} /> : <Ask offer={offer} used={used} />}
      <Consent offer={offer} />
      <OwnApp offer={offer} isOpen={offer.app === 'missing'} onDisconnect={onDisconnect} />
    </>
  );
}

/** How it is before anything is done. */
function Standing({ offer: { name, status, isConnected, missing } }: { readonly offer: Offer }) {
  if (missing.length > 0 && isConnected) {
    return (
      <p>
        {name} is connected, but what has been agreed to is no longer enough. Agree once more to what is new
        below; until then what needs it does not work.
      </p>
    );
  }
  if (isConnected) return <p>{name} is connected. Connecting again changes nothing but the token.</p>;
  if (status === 'needs_reauthorization') {
    return (
      <p>{name} has ended the access that was granted. Connect again to go on; rows that were copied stay.</p>
    );
  }
  return null;
}

function Problem({
  offer,
  problem,
}: {
  readonly offer: Offer;
  readonly problem: NonNullable<Offer['problem']>;
}) {
  const words =
    problem.code === 'MissingSetting'
      ? wordsOf(problem, offer.name)
      : {
          title: `${offer.name} cannot be connected now`,
          happened: sentence(problem.message),
          next: sentence(problem.hint),
          action: 'wait' as const,
          code: problem.code,
        };
  return <TroublePanel words={words} name={offer.name} place={offer.place} onDisconnect={undefined} />;
}

function Ask({ offer, used }: { readonly offer: Offer; readonly used: UsedAttempt }) {
  const { place, name, style, fields, isConnected, missing } = offer;
  const { attempt, settle } = used;
  const again = attempt.step === 'failed' || isConnected || offer.status === 'needs_reauthorization';
  const text = missing.length > 0 ? `Agree at ${name}` : again ? `Connect ${name} again` : `Connect ${name}`;
  if (style === 'redirect') return <AttemptPanel {...used} place={place} name={name} text={text} />;
  const stored = (): void => settle({ step: 'connected' });
  const failed = (error: unknown): void => settle({ step: 'failed', trouble: { error } });
  if (style === 'form') {
    return <CredentialForm place={place} fields={fields} text={text} onStored={stored} onError={failed} />;
  }
  return <WithoutPerson offer={offer} text={text} onStored={stored} onError={failed} />;
}

interface WithoutPersonProps {
  readonly offer: Offer;
  readonly text: string;
  readonly onStored: () => void;
  readonly onError: (error: unknown) => void;
}

/** The app itself is given the token: nothing is asked of anybody. */
function WithoutPerson({ offer: { place, name }, text, onStored, onError }: WithoutPersonProps) {
  const storing = useMutation({
    mutationFn: () =>
      api.post('/tenants/{tenant}/integrations/{integration}/credentials', {
        path: { ...place },
        body: { fields: {} },
      }),
    onSuccess: onStored,
    onError,
  });
  return (
    <div className="card">
      <p>Nothing has to be entered: the app that is set up for {name} is used.</p>
      <Button className="button primary" onPress={() => storing.mutate()} isDisabled={storing.isPending}>
        {text}
      </Button>
    </div>
  );
}

function useDisconnect({ place }: Offer, settle: UsedAttempt['settle']): () => Promise<unknown> {
  const queries = useQueryClient();
  return useCallback(async () => {
    await api.delete('/tenants/{tenant}/integrations/{integration}/credentials', { path: { ...place } });
    await queries.invalidateQueries({ queryKey: tenantKey(place.tenant) });
    settle({ step: 'ready' });
  }, [place, queries, settle]);
}
