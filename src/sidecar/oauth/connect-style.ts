/** What a person does to connect, by the kind of the catalog entry; needs no app and no secret. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { ConnectStyle } from '../providers/kind.ts';

export function connectStyleOf({ auth }: Pick<CatalogEntry, 'auth'>): ConnectStyle {
  switch (auth.kind) {
    case 'oauth2':
    case 'github_app':
      return 'redirect';
    case 'api_key':
    case 'basic':
    case 'aws_role':
      return 'form';
    case 'oauth2_client_credentials':
      return 'none';
  }
}
