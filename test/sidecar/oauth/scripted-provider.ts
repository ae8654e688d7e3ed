/** A provider without a server: redirects to an address of its own, and redeems the codes that a test has made. */
import { createHash } from 'node:crypto';
import { TenantryError } from '../../../src/errors.ts';
import { authKinds } from '../../../src/sidecar/providers/index.ts';
import type { AuthKind, ProviderContext, TokenSet } from '../../../src/sidecar/providers/kind.ts';
import type { Providers } from '../../../src/sidecar/providers/providers.ts';

export const PROVIDER = 'https://provider.example/authorize';

export interface Grant {
  /** Who agreed, and with what challenge: as a provider keeps it. */
  readonly challenge: string;
  readonly tokens: Partial<TokenSet>;
}

export interface ScriptedProvider {
  readonly providers: Providers;
  /** Agrees at an authorization URL, as a person does there; gives the address of the callback. */
  agree(authorizationUrl: string, tokens?: Partial<TokenSet>): URL;
  /** Codes that were redeemed. */
  readonly redeemed: string[];
  /** What the next exchange fails with. */
  failWith: TenantryError | undefined;
}

export function scriptedProvider(): ScriptedProvider {
  const grants = new Map<string, Grant>();
  let codes = 0;
  const script: Omit<ScriptedProvider, 'providers'> = {
    redeemed: [],
    failWith: undefined,
    agree(authorizationUrl, tokens = {}) {
      const asked = new URL(authorizationUrl);
      codes += 1;
      const code = `code-canary-${codes}`;
      grants.set(code, { challenge: asked.searchParams.get('code_challenge') ?? '', tokens });
      const callback = new URL(asked.searchParams.get('redirect_uri') ?? '');
      callback.searchParams.set('code', code);
      const state = asked.searchParams.get('state');
      if (state !== null) callback.searchParams.set('state', state);
      return callback;
    },
  };
  const kind: AuthKind = {
    ...authKinds.oauth2,
    async authorizationUrl(_context, { redirectUri, state, verifier, scopes }) {
      const url = new URL(PROVIDER);
      url.search = new URLSearchParams({
        redirect_uri: redirectUri,
        state,
        code_challenge: challengeOf(verifier),
        scope: scopes.join(' '),
      }).toString();
      return url;
    },
    async finish({ entry }, { callback, state, verifier }) {
      if (script.failWith) throw script.failWith;
      if ((callback.searchParams.get('state') ?? state) !== state)
        throw new TenantryError('StateInvalid', 'state');
      if (callback.searchParams.has('error'))
        throw new TenantryError('ConnectDenied', `nobody agreed at ${entry.name}`);
      const code = callback.searchParams.get('code') ?? '';
      const grant = grants.get(code);
      if (!grant || grant.challenge !== challengeOf(verifier)) {
        throw new TenantryError('ProviderRejected', 'the code is not good for this verifier');
      }
      grants.delete(code);
      script.redeemed.push(code);
      return {
        secrets: { access_token: `token-canary-of-${code}` },
        tokenType: 'Bearer',
        expiresAt: undefined,
        scopes: undefined,
        facts: {},
        ...grant.tokens,
      };
    },
  };
  const providers: Providers = {
    async of(view, facts = {}) {
      const chosen = view.entry.auth.kind === 'oauth2' ? kind : authKinds[view.entry.auth.kind];
      const app = { clientId: 'scripted', clientSecret: 'of-no-app' };
      return {
        kind: chosen,
        context: { entry: view.entry, values: facts, app } as unknown as ProviderContext,
      };
    },
  };
  return Object.assign(script, { providers });
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
