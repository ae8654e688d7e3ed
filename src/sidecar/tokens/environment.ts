/** Tokens out of environment variables, for a start with one tenant and nothing in Vault. */
import type { Redactor } from '../../redact.ts';
import type { IntegrationView, StackView } from '../stack/view.ts';
import type { Held } from './held.ts';

export interface EnvironmentTokens {
  /** spec.sidecar.tokens.environment: variables by integration. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly redactor: Redactor;
}

/** With several tenants a variable would be everybody's token, so then it is nobody's. */
export function environmentToken(
  { variables, env, redactor }: EnvironmentTokens,
  stack: StackView,
  { document }: IntegrationView,
): Held | undefined {
  if (stack.documents.tenants.length !== 1) return undefined;
  const name = variables[document.spec.integration];
  const token = name === undefined ? undefined : env[name];
  if (!token) return undefined;
  redactor.add(token);
  return {
    version: 0,
    data: {},
    secrets: { access_token: token },
    facts: {},
    tokenType: 'bearer',
    expiresAt: undefined,
    issuedAt: undefined,
    scopes: undefined,
    createdAt: undefined,
  };
}
