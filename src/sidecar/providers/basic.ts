/** Auth kind basic: a user name and a password (RFC 7617). */
import { TenantryError } from '../../errors.ts';
import { type AuthKind, authOf, type StoredSecrets } from './kind.ts';
import { typedText } from './typed.ts';

export const basic: AuthKind = {
  style: 'form',
  form: (context) => {
    const { label } = authOf(context, 'basic');
    return [
      { name: 'username', label: `${label}: user name`, secret: false },
      { name: 'password', label: `${label}: password`, secret: true },
    ];
  },
  async fromForm(_context, typed) {
    const username = typedText(typed, 'username', 'The user name');
    const password = typedText(typed, 'password', 'The password');
    if (username.includes(':')) {
      throw new TenantryError(
        'InvalidRequest',
        'The user name (username) must not contain a colon (RFC 7617)',
      );
    }
    return {
      secrets: { username, password },
      tokenType: 'Basic',
      expiresAt: undefined,
      scopes: undefined,
      facts: {},
    };
  },
  canRenew: () => false,
  rotates: () => false,
  async renew({ entry }) {
    throw new TenantryError('NeedsReauthorization', `only a person can give a new password of ${entry.name}`);
  },
  revoke: async () => false,
  usable: (stored) => {
    const username = usernameOf(stored);
    const password = stored.secrets['password'] ?? '';
    const value = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
    return { value, fields: { username, password } };
  },
};

/** The user name is no cipher text in Vault, so that it may come back among the facts. */
function usernameOf({ secrets, facts }: StoredSecrets): string {
  return secrets['username'] ?? facts['username'] ?? '';
}
