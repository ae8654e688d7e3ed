/** An OAuth app of the tenant's own in the place of the platform's: what to register at the provider, and what to write down. */
import { useState } from 'react';
import { Input, Label, Text, TextField } from 'react-aria-components';
import { Copyable } from '../../parts/copyable.tsx';
import type { Offer } from './offer.ts';

export function OwnApp({ offer, isOpen }: { readonly offer: Offer; readonly isOpen: boolean }) {
  const { ownApp, redirectUrl, name, app, place } = offer;
  const [clientId, setClientId] = useState('');
  if (!ownApp) return null;
  const vault = /\$\{VAULT:([^:}]+):/.exec(ownApp.document)?.[1];
  return (
    <details className="connect-own" open={isOpen}>
      <summary>
        {app === 'own' ? `An app of this tenant’s own is used` : `Use an app of your own at ${name}`}
      </summary>
      <div className="card">
        <p>
          {app === 'own'
            ? `The consent page of ${name} shows the tenant’s own app. To change it, change its document.`
            : `By default the platform’s app is used. With your own, the consent page of ${name} shows your name, and its limits are yours alone.`}
        </p>
        <ol className="connect-steps">
          {redirectUrl !== undefined && (
            <li>
              Register an app at {name} with this redirect URL:
              <Copyable label="redirect URL" text={redirectUrl} />
            </li>
          )}
          <li>
            <TextField value={clientId} onChange={setClientId} maxLength={512} autoComplete="off">
              <Label>Client id</Label>
              <Input spellCheck="false" />
              <Text slot="description">
                As {name} shows it. It is no secret and only fills in the text below.
              </Text>
            </TextField>
          </li>
          {vault !== undefined && (
            <li>
              Keep what is secret ({ownApp.secrets.join(', ').toLowerCase()}) in Vault at <code>{vault}</code>
              , never in the document. For the client secret, which is then asked for:
              <Copyable label="command for Vault" text={vaultCommand(vault)} />
            </li>
          )}
          <li>
            Add this to the document of {place.tenant} and {place.integration}, and connect again:
            <Copyable label="part of the document" text={withClientId(ownApp.document, clientId)} />
          </li>
        </ol>
      </div>
    </details>
  );
}

/** The secret is read from the terminal, so that it stays out of the shell’s history. */
function vaultCommand(path: string): string {
  return `vault kv put ${path.replace('/data/', '/')} client_secret=-`;
}

/** As a string of JSON it is one of YAML, whatever was typed. */
function withClientId(document: string, clientId: string): string {
  const id = clientId.trim();
  return id === '' ? document : document.replace(/clientId: …/, () => `clientId: ${JSON.stringify(id)}`);
}
