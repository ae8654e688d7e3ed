/** Registrations of the kinds in Airbyte, by our own provider. */
import type { Configuration } from '../../resources/airbyte/configuration.ts';
import type { InputsOf } from '../../resources/index.ts';
import { withReferenceTexts } from '../provider/reference-text.ts';
import { type ActorArgs, Connection, Destination, FirstSync, Source, Workspace } from '../sdk/index.ts';
import type { Lifted, Registration, Site } from './registration.ts';

export const workspace: Registration<InputsOf<'airbyte:workspace'>> = (inputs, site) => {
  const args = { ...inputs, adopt: site.resource.adopt };
  const made = new Workspace(site.name, args, site.options());
  return { resources: [made], outputs: { workspaceId: made.workspaceId } };
};

type ActorInputs = InputsOf<'airbyte:source'>;

/** Secrets become texts, which Pulumi may keep and show; the provider resolves them when it sends them. */
function actorArgs(inputs: Lifted<ActorInputs>, { resource }: Site): ActorArgs {
  const { name, tenant, workspaceId, secretVersion, absent, adoptId, recordPath } = inputs;
  const configuration = withReferenceTexts(inputs.configuration as Configuration);
  return {
    name,
    tenant,
    workspaceId,
    configuration: configuration as ActorArgs['configuration'],
    secretVersion: [...secretVersion],
    ...(absent && absent.length > 0 ? { absent: absent.map((path) => [...path]) } : {}),
    recordPath,
    adopt: resource.adopt,
    ...(adoptId !== undefined && { adoptId }),
  };
}

export const destination: Registration<InputsOf<'airbyte:destination'>> = (inputs, site) => {
  const made = new Destination(site.name, actorArgs(inputs, site), site.options());
  return { resources: [made], outputs: { id: made.destinationId } };
};

export const source: Registration<InputsOf<'airbyte:source'>> = (inputs, site) => {
  const { connected } = site.credential((site.resource.inputs as ActorInputs).recordPath);
  // A source whose tenant has disconnected stays as it is: there is no token that could be sent with a change.
  const frozen = site.resource.gates.length > 0 && !connected;
  const options = site.options(frozen ? { ignoreChanges: ['configuration', 'secretVersion', 'absent'] } : {});
  const made = new Source(site.name, actorArgs(inputs, site), options);
  return { resources: [made], outputs: { id: made.sourceId } };
};

export const connection: Registration<InputsOf<'airbyte:connection'>> = (inputs, site) => {
  const { streams } = site.resource.inputs as InputsOf<'airbyte:connection'>;
  const args = { ...inputs, streams: [...streams], adopt: site.resource.adopt };
  const made = new Connection(site.name, args, site.options());
  return { resources: [made], outputs: { connectionId: made.connectionId } };
};

export const firstSync: Registration<InputsOf<'airbyte:first-sync'>> = (inputs, site) => {
  const { connectionId, credentialPath } = inputs;
  return {
    resources: [new FirstSync(site.name, { connectionId, credentialPath }, site.options())],
  };
};
