/** What the wizard shows and asks for: put together from what the sidecar tells of the integration. */
import { useQuery } from '@tanstack/react-query';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { cut } from '../../parts/outside.tsx';
import { tenantKey } from '../../parts/tenant-queries.ts';
import type { Place } from './use-attempt.ts';

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly help: string | undefined;
}

export interface OfferedScope {
  readonly id: string;
  readonly explanation: string | undefined;
  /** The token that is there lacks it. */
  readonly isMissing: boolean;
}

export interface OwnAppOffer {
  /** The form is taken; else the app comes by the document alone. */
  readonly isStorable: boolean;
  readonly fields: readonly FormField[];
  /** Part of the document, as YAML. */
  readonly document: string;
}

export interface Offer {
  readonly place: Place;
  readonly name: string;
  readonly tenantName: string;
  readonly docs: string;
  readonly style: 'redirect' | 'form' | 'none';
  readonly status: Schema<'ConnectOptions'>['status'];
  /** There is a credential that works, whatever it lacks. */
  readonly isConnected: boolean;
  readonly streams: readonly string[];
  readonly scopes: readonly OfferedScope[];
  readonly missing: readonly string[];
  readonly fields: readonly FormField[];
  readonly app: Schema<'ConnectOptions'>['app'];
  /** Undefined: a tenant has no app of its own there. */
  readonly ownApp: OwnAppOffer | undefined;
  readonly redirectUrl: string | undefined;
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | undefined;
}

export function useOffer(place: Place) {
  const { tenant, integration } = place;
  return useQuery({
    queryKey: [...tenantKey(tenant), 'connect', integration],
    queryFn: async ({ signal }) => {
      const [options, entry] = await Promise.all([
        api.get('/tenants/{tenant}/integrations/{integration}/connect-options', {
          path: { ...place },
          signal,
        }),
        api.get('/catalog/{integration}', { path: { integration }, signal }),
      ]);
      return offerOf(place, options, entry);
    },
  });
}

function offerOf(place: Place, options: Schema<'ConnectOptions'>, entry: Schema<'CatalogEntry'>): Offer {
  const missing = new Set(options.missingScopes.map(({ name }) => name));
  const { ownApp } = options;
  return {
    place,
    name: cut(options.name),
    tenantName: cut(options.tenantName),
    docs: options.docs,
    style: options.style,
    status: options.status,
    isConnected: options.status === 'active' || options.status === 'expired',
    streams: entry.streamList.map(({ name }) => name),
    // What is missing may have been asked for by a document that names other scopes than the usual ones.
    scopes: [
      ...options.scopes,
      ...options.missingScopes.filter((each) => !named(options.scopes, each.name)),
    ].map(({ name, explanation }) => ({
      id: name,
      explanation: explanation ?? undefined,
      isMissing: missing.has(name),
    })),
    missing: [...missing],
    fields: options.fields.map(fieldOf),
    app: options.app,
    ownApp: ownApp.allowed
      ? {
          isStorable: ownApp.storable,
          fields: ownApp.fields.map(fieldOf),
          document: ownApp.document,
        }
      : undefined,
    redirectUrl: options.redirectUrl ?? undefined,
    problem: options.problem ?? undefined,
  };
}

function fieldOf({
  key,
  label,
  secret,
  required,
  help,
}: Schema<'ConnectOptions'>['fields'][number]): FormField {
  return { name: key, label, secret, required, help: help ?? undefined };
}

function named(scopes: readonly { readonly name: string }[], name: string): boolean {
  return scopes.some((scope) => scope.name === name);
}
