/** Auth kind api_key: a key that a person copies from the provider. */
import { TenantryError } from '../../errors.ts';
import { type AuthKind, authOf } from './kind.ts';
import { typedText } from './typed.ts';

export const apiKey: AuthKind = {
  style: 'form',
  form: (context) => [{ name: 'access_token', label: authOf(context, 'api_key').label, secret: true }],
  async fromForm(context, typed) {
    const { label } = authOf(context, 'api_key');
    const key = typedText(typed, 'access_token', label);
    // It goes into a header of each call (RFC 9110 section 5.5).
    if (!/^[\x21-\x7e]+$/.test(key)) {
      throw new TenantryError(
        'InvalidRequest',
        `${label} (access_token) holds characters that it cannot have`,
      );
    }
    return {
      secrets: { access_token: key },
      tokenType: 'Bearer',
      expiresAt: undefined,
      scopes: undefined,
      facts: {},
    };
  },
  canRenew: () => false,
  rotates: () => false,
  async renew({ entry }) {
    throw new TenantryError('NeedsReauthorization', `only a person can give a new key of ${entry.name}`);
  },
  revoke: async () => false,
  // Written by hand, it may stand under a name of its own.
  usable: ({ secrets }) => ({
    value: secrets['access_token'] ?? secrets['api_key'] ?? secrets['api_token'] ?? '',
    fields: {},
  }),
};
