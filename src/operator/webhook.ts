/** The webhook that injects sidecars, on every replica: the API server may ask any of them. */
import { join } from 'node:path';
import { TenantryError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { keeperOf } from './documents/age.ts';
import { isOwned } from './documents/owned.ts';
import { certificateIn } from './inject/certificate.ts';
import { type Injector, startInjector } from './inject/server.ts';
import { readInjectSettings } from './inject/settings.ts';
import type { TenantObject } from './objects.ts';
import type { OperatorFlags } from './settings.ts';
import type { Informer } from './watch/informer.ts';

/** Settings of the injected container, next to the Platform document. */
const SETTINGS_FILE = 'injection.yaml';

export interface WebhookOptions {
  readonly flags: OperatorFlags;
  readonly stackDir: string;
  readonly tenants: Informer<TenantObject>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Undefined where no port was asked for. @throws MissingSetting, InvalidDocumentsError, InvalidUsage */
export async function startWebhook(options: WebhookOptions): Promise<Injector | undefined> {
  const { flags, stackDir, tenants, log, signal } = options;
  if (flags.webhookPort === undefined) return undefined;
  if (flags.webhookCertDir === undefined) {
    throw new TenantryError('InvalidUsage', '--webhook-port needs --webhook-cert-dir', {
      hint: 'name the folder with tls.crt and tls.key that the API server trusts',
    });
  }
  const settings = await readInjectSettings(join(stackDir, SETTINGS_FILE));
  const injector = await startInjector({
    host: flags.healthHost ?? '0.0.0.0',
    port: flags.webhookPort,
    tls: certificateIn(flags.webhookCertDir),
    settings,
    hasTenant: (namespace, name) => {
      // The API server then goes by the webhook's failurePolicy.
      if (!tenants.hasSynced())
        throw new TenantryError('KubernetesUnavailable', 'the Tenants are not listed yet');
      const keeper = keeperOf(name, tenants.objects.values());
      return keeper?.metadata.namespace === namespace && isOwned(keeper);
    },
    log,
    signal,
  });
  log.info({ url: injector.url }, 'injects sidecars into Pods');
  return injector;
}
