/** What will be read, why, and what the provider will ask: told before anybody is sent there. */
import { cut } from '../../parts/outside.tsx';
import type { Offer } from './offer.ts';

export function Consent({ offer }: { readonly offer: Offer }) {
  const { name, tenantName, streams, scopes } = offer;
  return (
    <div className="connect-consent">
      {streams.length > 0 && (
        <section aria-labelledby="connect-reads">
          <h2 id="connect-reads">What is read</h2>
          <ul className="connect-chips">
            {streams.map((stream) => (
              <li key={stream}>{cut(stream)}</li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="connect-why">
        <h2 id="connect-why">Why</h2>
        <p>
          So that the data of {tenantName} at {name} can be used here. It is copied into a part of the
          database that belongs to {tenantName} alone. The access that you grant is kept encrypted with{' '}
          {tenantName}’s own key, and you can take it back at any time.
        </p>
      </section>
      {scopes.length > 0 && (
        <section aria-labelledby="connect-scopes">
          <h2 id="connect-scopes">What {name} will ask you to allow</h2>
          <ul className="connect-scopes">
            {scopes.map(({ id, explanation, isMissing }) => (
              <li key={id}>
                {explanation === undefined ? <code>{cut(id)}</code> : cut(explanation, 300)}
                {explanation !== undefined && (
                  <>
                    {' '}
                    <code className="quiet">{cut(id)}</code>
                  </>
                )}
                {isMissing && <strong className="connect-new"> new</strong>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
