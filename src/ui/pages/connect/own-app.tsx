/** Whose app at the provider is used: the platform's, or one of the tenant's own, which is brought or removed here. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { actorWords } from '../../parts/actor.ts';
import { Ago } from '../../parts/ago.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Copyable } from '../../parts/copyable.tsx';
import { Outside } from '../../parts/outside.tsx';
import { tenantKey } from '../../parts/tenant-queries.ts';
import type { Offer } from './offer.ts';
import { OwnAppByGit } from './own-app-by-git.tsx';
import { OwnAppForm } from './own-app-form.tsx';

interface Props {
  readonly offer: Offer;
  readonly isOpen: boolean;
  /** Ends the credential that is there. Undefined: there is none. */
  readonly onDisconnect: (() => Promise<unknown>) | undefined;
}

export function OwnApp({ offer, isOpen, onDisconnect }: Props) {
  const { ownApp, name, app, place, style } = offer;
  const used = useUsedApp(offer);
  const queries = useQueryClient();
  const { told, tell, toldRef } = useTold();
  const changed = useCallback(
    async (words: string): Promise<void> => {
      await queries.invalidateQueries({ queryKey: tenantKey(place.tenant) });
      tell(words);
    },
    [queries, place.tenant, tell],
  );
  if (!ownApp) return null;
  // What the document names counts more than what would be saved here.
  const isForm = ownApp.isStorable && used?.source !== 'document';
  return (
    <>
      <p role="status" className="told" ref={toldRef} tabIndex={-1}>
        {told}
      </p>
      {app === 'own' && (
        <Used
          offer={offer}
          used={used}
          onRemoved={() => changed('Removed. The platform’s app counts again, where there is one.')}
        />
      )}
      <details className="connect-own" open={isOpen}>
        <summary>{app === 'own' ? 'Change that app' : `Use an app of your own at ${name}`}</summary>
        <div className="card">
          {app !== 'own' && (
            <p>
              {app === 'platform' && 'Now the platform’s app is used. '}
              {style === 'redirect'
                ? `With your own, the consent page of ${name} shows your name, and its limits are yours alone.`
                : `With your own, its limits at ${name} are yours alone.`}
            </p>
          )}
          {onDisconnect && isForm && <Connected name={name} onDisconnect={onDisconnect} />}
          <Register offer={offer} />
          {isForm && (
            <OwnAppForm
              place={place}
              name={name}
              fields={ownApp.fields}
              isConnected={onDisconnect !== undefined}
              onStored={() =>
                changed(`Saved. ${name} is connected with your app from now on: press the button above.`)
              }
            />
          )}
          {!ownApp.isStorable && <p>Syncs of {name} need the app too, so it comes by the document:</p>}
          <OwnAppByGit offer={offer} document={ownApp.document} isOpen={!isForm} />
        </div>
      </details>
    </>
  );
}

/** What is pressed goes away with what it changes: the word about it takes the focus. */
function useTold() {
  const [told, setTold] = useState('');
  const toldRef = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (told !== '') toldRef.current?.focus();
  }, [told]);
  return { told, tell: setTold, toldRef };
}

interface ConnectedProps {
  readonly name: string;
  readonly onDisconnect: () => Promise<unknown>;
}

function Connected({ name, onDisconnect }: ConnectedProps) {
  return (
    <>
      <p>
        {name} is connected, and its token belongs to the app that got it: disconnect it before you bring
        another app. A new secret of the same app is taken at any time.
      </p>
      <Confirm
        text={`Disconnect ${name}`}
        title={`Disconnect ${name}?`}
        doIt="Disconnect"
        onConfirm={onDisconnect}
      >
        <p>Syncs of {name} stop and its token is ended. Rows that were copied stay.</p>
      </Confirm>
    </>
  );
}

function Register({ offer: { redirectUrl, name } }: { readonly offer: Offer }) {
  if (redirectUrl === undefined) return null;
  return (
    <div className="connect-register">
      <p>Register an app at {name} with this redirect URL:</p>
      <Copyable label="redirect URL" text={redirectUrl} />
    </div>
  );
}

/** Undefined until it is known, and for who may not know it. */
function useUsedApp({ place, app }: Offer): Schema<'OwnApp'> | undefined {
  const used = useQuery({
    queryKey: [...tenantKey(place.tenant), 'own-app', place.integration],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/app', { path: { ...place }, signal }),
    enabled: app === 'own',
    retry: false,
  });
  return app === 'own' ? used.data : undefined;
}

interface UsedProps {
  readonly offer: Offer;
  readonly used: Schema<'OwnApp'> | undefined;
  readonly onRemoved: () => Promise<unknown>;
}

function Used({ offer: { place, name }, used, onRemoved }: UsedProps) {
  const { source, clientId, since, by } = used ?? {};
  const remove = async (): Promise<void> => {
    await api.delete('/tenants/{tenant}/integrations/{integration}/app', { path: { ...place } });
    await onRemoved();
  };
  return (
    <section aria-label="App that is used" className="card">
      <p>
        An app of this tenant’s own is used at {name}
        {clientId != null && (
          <>
            {' '}
            (client id <Outside text={clientId} />)
          </>
        )}
        .
      </p>
      {source === 'document' && <p className="quiet">Its document names it: change it there.</p>}
      {source === 'stored' && (
        <>
          <p className="quiet">
            Stored <Ago at={since ?? null} /> by{' '}
            <Outside text={by === undefined || by === null ? 'nobody known' : actorWords(by)} />.
          </p>
          <Confirm
            text="Remove this app"
            title={`Remove the own app at ${name}?`}
            doIt="Remove"
            onConfirm={remove}
          >
            <p>
              Its secret is destroyed here. Whoever connects {name} afterwards uses the platform’s app, where
              there is one. At {name} the app stays as it is.
            </p>
          </Confirm>
        </>
      )}
    </section>
  );
}
