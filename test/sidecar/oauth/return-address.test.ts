import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAllowedReturn,
  openersOf,
  requireOpener,
  requireReturn,
  returnsOf,
  returnUrl,
} from '../../../src/sidecar/oauth/return-address.ts';

const EXACT = ['https://good.example/settings/done'];
const PREFIX = ['https://good.example/app/*'];
const BOTH = [...EXACT, ...PREFIX, 'http://127.0.0.1:3000/*', 'https://good.example/q?tab=1'];

describe('return addresses', () => {
  it.each([
    'https://good.example/settings/done',
    'HTTPS://GOOD.example/settings/done',
    'https://good.example:443/settings/done',
    'https://good.example/app/',
    'https://good.example/app/deep/path?tab=2',
    'http://127.0.0.1:3000/anything',
    'https://good.example/q?tab=1',
  ])('admits %s', (address) => {
    expect(isAllowedReturn(address, BOTH)).toBe(true);
  });

  it.each([
    'https://good.example@evil.example/settings/done',
    'https://good.example:443@evil.example/settings/done',
    'https://user@good.example/settings/done',
    'https://@good.example/settings/done',
    'https://:@good.example/settings/done',
    'https://good.example.evil.example/settings/done',
    'https://good.example./settings/done',
    'https://evil.example/settings/done',
    'https://evilgood.example/settings/done',
    'https://good.example:444/settings/done',
    'http://good.example/settings/done',
    'https://good.example/settings/done/',
    'https://good.example/settings/done/more',
    'https://good.example/Settings/done',
    'https://good.example/settings/done?next=https://evil.example',
    'https://good.example/settings/done#fragment',
    'https://good.example/settings/done#',
    'https://good.example/settings//done',
    'https://good.example/app',
    'https://good.example/apples',
    'https://good.example/app/../admin',
    'https://good.example/app/..',
    'https://good.example/app/./x',
    'https://good.example/app/%2e%2e/admin',
    'https://good.example/app/.%2E/admin',
    'https://good.example/app/..%2fadmin',
    'https://good.example/app/%5c..%5cadmin',
    'https://good.example/app\\..\\admin',
    'https://good.example\\@evil.example/app/',
    'https://good.example%2eevil.example/app/',
    'https://good.example%40evil.example/app/',
    'https://good.exam\tple/app/',
    'https://good.example/app/\n',
    ' https://good.example/app/',
    'https://good.example/app/ ',
    '//good.example/app/',
    '//evil.example',
    '\\\\evil.example',
    '/\\evil.example',
    '/app/',
    'https:good.example/app/',
    'https:/good.example/app/',
    'https:///good.example/app/',
    'javascript:alert(1)',
    'javascript://good.example/app/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'ftp://good.example/app/',
    'https://[::1]/app/',
    'https://127.0.0.1:3000/anything',
    'http://127.0.0.1/anything',
    'http://2130706433:3000@evil.example/',
    'https://gооd.example/app/',
    '',
    'good.example/app/',
  ])('refuses %j', (address) => {
    expect(isAllowedReturn(address, BOTH)).toBe(false);
    expect(() => requireReturn(address, BOTH)).toThrow(
      expect.objectContaining({ code: 'RedirectNotAllowed' }),
    );
  });

  it('refuses everything while the list is empty', () => {
    expect(isAllowedReturn('https://good.example/app/', [])).toBe(false);
  });

  it('never admits what a browser would take to another origin or out of the folder', () => {
    const piece = fc.constantFrom(
      'https:',
      'http:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '443',
      'good.example',
      'evil.example',
      'app',
      'app/',
      '..',
      '.',
      '%2e',
      '%2f',
      '?',
      '#',
      '\t',
      '\n',
      ' ',
      '[',
      ']',
      '%00',
      '%0a',
      'https://good.example/app/',
      '*',
    );
    const address = fc.array(piece, { maxLength: 9 }).map((parts) => parts.join(''));
    const property = fc.property(fc.oneof(address, fc.webUrl()), (text) => {
      if (!isAllowedReturn(text, PREFIX)) return;
      // As a browser resolves a Location header.
      const url = new URL(text, 'https://connect.example/');
      expect(url.origin).toBe('https://good.example');
      expect(decodeURIComponent(url.pathname)).toMatch(/^\/app\//);
      expect(url.username + url.password + url.hash).toBe('');
    });
    fc.assert(property, { numRuns: 5000, examples: [['https://good.example/app/x']] });
  });

  it('adds the outcome and keeps the rest of the query', () => {
    const to = returnUrl('https://good.example/app/?tab=2&status=forged&error=old', {
      status: 'connected',
      integration: 'notion',
    });
    expect(Object.fromEntries(new URL(to).searchParams)).toEqual({
      tab: '2',
      status: 'connected',
      integration: 'notion',
    });
    const failed = returnUrl('https://good.example/app/', {
      status: 'failed',
      integration: 'notion',
      error: 'ConnectDenied',
    });
    expect(failed).toBe('https://good.example/app/?status=failed&integration=notion&error=ConnectDenied');
  });
});

describe('origins of openers', () => {
  const origins = ['https://app.good.example', 'http://localhost:3000'];

  it('gives the origin as postMessage compares it', () => {
    expect(requireOpener('https://APP.good.example:443/', origins)).toBe('https://app.good.example');
    expect(requireOpener('http://localhost:3000', origins)).toBe('http://localhost:3000');
  });

  it.each([
    '*',
    'null',
    'https://good.example',
    'https://app.good.example.evil.example',
    'https://app.good.example@evil.example',
    'https://app.good.example:8443',
    'http://app.good.example',
    'https://app.good.example/path',
    'https://app.good.example/?x',
    'https://app.good.example#x',
    'javascript:alert(1)',
  ])('refuses %s', (origin) => {
    expect(() => requireOpener(origin, origins)).toThrow(
      expect.objectContaining({ code: 'RedirectNotAllowed' }),
    );
  });
});

describe('the web application', () => {
  const settings = {
    publicUrl: 'https://connect.example.com',
    spec: {
      redirectUris: EXACT,
      origins: ['https://app.example.com'],
      embed: { origins: ['https://own.example'] },
    },
  };

  it.each([
    ['https://connect.example.com/ui/tenants/acme/connect/notion', true],
    ['https://good.example/settings/done', true],
    ['https://connect.example.com/oauth/callback/notion', false],
    ['https://connect.example.com/ui/../docs', false],
    ['https://connect.example.com.evil.example/ui/', false],
    ['http://connect.example.com/ui/', false],
    ['https://evil.example/ui/', false],
  ])('is sent back to %s: %s', (address, allowed) => {
    expect(isAllowedReturn(address, returnsOf(settings))).toBe(allowed);
  });

  it('may open the popup, and so may pages that hold the component', () => {
    const openers = openersOf(settings);
    for (const origin of ['https://connect.example.com', 'https://app.example.com', 'https://own.example']) {
      expect(requireOpener(origin, openers)).toBe(origin);
    }
    expect(() => requireOpener('https://evil.example', openers)).toThrow('not one of the allowed origins');
  });
});
