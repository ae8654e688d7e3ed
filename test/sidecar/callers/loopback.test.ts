import { describe, expect, it } from 'vitest';
import { loopbackCaller } from '../../../src/sidecar/callers/loopback.ts';
import { sidecarSettingsOf } from '../../support/sidecar-context.ts';
import { incomingWith } from './incoming.ts';

const settings = sidecarSettingsOf({}, { posture: 'sidecar', loopbackTenants: ['acme'] });

const caller = (peer: string, ...rawHeaders: string[]): unknown =>
  loopbackCaller(incomingWith({ peer, rawHeaders }), settings);

describe('a request from loopback without a credential', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1:7250'],
    ['::1', '[::1]:7250'],
    ['::ffff:127.0.0.1', 'localhost:7250'],
    ['127.0.0.1', 'localhost'],
  ])('is the application of the tenants, from %s for %s', (peer, host) => {
    expect(caller(peer, 'Host', host)).toEqual({
      kind: 'loopback',
      id: 'loopback',
      role: 'app',
      tenants: ['acme'],
    });
  });

  it.each([
    ['another machine', '10.0.0.7', ['Host', 'localhost']],
    ['another machine in IPv6 form', '::ffff:10.0.0.7', ['Host', 'localhost']],
    ['a name that was rebound', '127.0.0.1', ['Host', 'attacker.example.com:7250']],
    ['a name that begins so', '127.0.0.1', ['Host', '127.0.0.1.attacker.example.com']],
    ['a name that ends so', '127.0.0.1', ['Host', 'x.localhost']],
    ['no name', '127.0.0.1', []],
    ['two names', '127.0.0.1', ['Host', 'localhost', 'Host', 'localhost']],
    ['a page', '127.0.0.1', ['Host', 'localhost', 'Origin', 'http://localhost:7250']],
    ['a picture', '127.0.0.1', ['Host', 'localhost', 'Sec-Fetch-Site', 'cross-site']],
    ['a proxy', '127.0.0.1', ['Host', 'localhost', 'X-Forwarded-For', '10.0.0.7']],
    ['a proxy of today', '127.0.0.1', ['Host', 'localhost', 'Forwarded', 'for=10.0.0.7']],
  ])('from %s is nobody', (_who, peer, rawHeaders) => {
    expect(caller(peer, ...rawHeaders)).toBeUndefined();
  });

  it('is nobody in posture gateway, and where no tenant is named', () => {
    const incoming = incomingWith({ rawHeaders: ['Host', 'localhost'] });
    expect(loopbackCaller(incoming, { ...settings, posture: 'gateway' })).toBeUndefined();
    expect(loopbackCaller(incoming, { ...settings, loopbackTenants: [] })).toBeUndefined();
  });
});
