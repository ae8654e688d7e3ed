/** A real browser, without a window. */
import { type Browser, chromium } from 'playwright-core';
import { resolveChromium } from '../../engines/chromium.ts';

export async function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await resolveChromium(), args: ['--disable-dev-shm-usage'] });
}
