/** The provider's resources and functions for programs in TypeScript and JavaScript. */
export { Actor, type ActorArgs, type ConfigurationInput } from './actor.ts';
export { Claim, type ClaimArgs } from './claim.ts';
export { Connection, type ConnectionArgs, type Stream } from './connection.ts';
export { Credential, type CredentialArgs } from './credential.ts';
export { Destination, type DestinationArgs } from './destination.ts';
export { FirstSync, type FirstSyncArgs } from './first-sync.ts';
export {
  type GetCredentialArgs,
  type GetCredentialResult,
  type GetSecretVersionArgs,
  type GetSecretVersionResult,
  getCredential,
  getSecretVersion,
} from './functions.ts';
export { GeneratedSecret, type GeneratedSecretArgs } from './generated-secret.ts';
export { type GetClaimArgs, type GetClaimResult, getClaim } from './get-claim.ts';
export { type GetSharedArgs, type GetSharedResult, getShared } from './get-shared.ts';
export { Provider, type ProviderArgs } from './provider.ts';
export { type DeletionPolicy, type OwnedArgs, OwnedResource } from './resource.ts';
export { Source, type SourceArgs } from './source.ts';
export { Workspace, type WorkspaceArgs } from './workspace.ts';
