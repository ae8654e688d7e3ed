/** Registrations of the kinds in Vault that need a check-and-set, or hold a secret: by our own provider. */
import type { InputsOf } from '../../resources/index.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { formatSecretRef } from '../../spec/secret-ref.ts';
import { Claim, Credential, GeneratedSecret } from '../sdk/index.ts';
import type { Registration } from './registration.ts';

/** Records that change with every run: the provider reads them when it needs them, and no state keeps them. */
const ASKED_BY_PROVIDER = { appliedSource: '', appliedDestination: '', firstSync: '' };

export const claim: Registration<InputsOf<'vault:claim'>> = (inputs, site) => {
  const args = { ...inputs, adopt: site.resource.adopt };
  return { resources: [new Claim(site.name, args, site.options())] };
};

export const generatedSecret: Registration<InputsOf<'vault:generated-secret'>> = (inputs, site) => {
  const args = { ...inputs, adopt: site.resource.adopt };
  const made = new GeneratedSecret(site.name, args, site.options());
  const { path, field } = site.resource.inputs as InputsOf<'vault:generated-secret'>;
  const reference = { from: 'vault', path: `${site.settings.kvMount}/data/${path}`, key: field } as const;
  return {
    resources: [made],
    outputs: { version: made.version, ...ASKED_BY_PROVIDER },
    secrets: { [formatSecretRef(reference)]: { value: made.value, version: made.version } },
  };
};

export const credential: Registration<InputsOf<'vault:credential'>> = (inputs, site) => {
  const args = { ...inputs, adopt: site.resource.adopt };
  const made = new Credential(site.name, args, site.options());
  const { tenant, integration } = site.resource.inputs as InputsOf<'vault:credential'>;
  const facts = site.credential(credentialPath(tenant, integration));
  // The resource knows the version as of its last change, and only it knows the one that encrypting will give.
  const tokenVersion = facts.encrypted ? facts.tokenVersion : made.tokenVersion;
  // What was made with a token stays when the tenant disconnects: not to register it would remove it.
  const connected = facts.connected || facts.hasSource;
  return { resources: [made], outputs: { connected, tokenVersion, ...ASKED_BY_PROVIDER } };
};
