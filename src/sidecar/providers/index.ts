/** Every auth kind of the catalog. */
import type { Auth } from '../../catalog/auth.ts';
import { apiKey } from './api-key.ts';
import { awsRole } from './aws-role.ts';
import { basic } from './basic.ts';
import { clientCredentials } from './client-credentials.ts';
import { githubApp } from './github-app.ts';
import type { AuthKind } from './kind.ts';
import { oauth2 } from './oauth2.ts';

export const authKinds: Readonly<Record<Auth['kind'], AuthKind>> = {
  oauth2,
  oauth2_client_credentials: clientCredentials,
  github_app: githubApp,
  api_key: apiKey,
  basic,
  aws_role: awsRole,
};
