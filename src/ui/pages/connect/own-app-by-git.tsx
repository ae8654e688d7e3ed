/** The same app by the tenant's document, for those who keep everything in git. */
import { Copyable } from '../../parts/copyable.tsx';
import type { Offer } from './offer.ts';

interface Props {
  readonly offer: Offer;
  /** Part of the document, as YAML. */
  readonly document: string;
  readonly isOpen: boolean;
}

export function OwnAppByGit({ offer: { place }, document, isOpen }: Props) {
  const vault = /\$\{VAULT:([^:}]+):/.exec(document)?.[1];
  return (
    <details className="connect-own" open={isOpen}>
      <summary>Keep it in git instead</summary>
      <ol className="connect-steps">
        {vault !== undefined && (
          <li>
            Keep what is secret in Vault at <code>{vault}</code>, never in the document. For the client
            secret, which is then asked for:
            <Copyable label="command for Vault" text={vaultCommand(vault)} />
          </li>
        )}
        <li>
          Add this to the document of {place.tenant} and {place.integration}, and connect again. What a
          document names counts more than what is saved here:
          <Copyable label="part of the document" text={document} />
        </li>
      </ol>
    </details>
  );
}

/** The secret is read from the terminal, so that it stays out of the shell’s history. */
function vaultCommand(path: string): string {
  return `vault kv put ${path.replace('/data/', '/')} client_secret=-`;
}
