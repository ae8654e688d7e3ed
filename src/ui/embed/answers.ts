/**
 * Answers of the sidecar, as far as the component reads them. Written out, so that its published types need none of the
 * typed client; a test holds them against the API document.
 */

export interface EmbeddedIntegration {
  readonly integration: string;
  readonly name: string;
  readonly status: 'active' | 'expired' | 'needs_reauthorization' | 'revoked' | 'missing' | 'suspended';
  readonly missingScopes: readonly { readonly name: string }[];
  readonly mayDisconnect: boolean;
}

export interface Embedded {
  readonly integrations: readonly EmbeddedIntegration[];
}

export interface Begun {
  /** A page of the sidecar. */
  readonly url: string;
  readonly flow: string;
}

export interface FlowState {
  readonly status: 'pending' | 'complete' | 'failed';
  readonly error?: string;
}
