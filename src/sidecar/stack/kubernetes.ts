/** Reads the documents that the sidecar serves from custom resources, and follows them. */
import { untilCancelled } from '../../clients/http.ts';
import { kvMountOf } from '../../clients/settings.ts';
import { asTenantryError, InvalidDocumentsError, TenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { onlyOwned } from '../../operator/documents/owned.ts';
import type { ParseCache } from '../../operator/documents/parse.ts';
import { readDocuments } from '../../operator/documents/read.ts';
import { connectKube } from '../../operator/kube/connect.ts';
import { kubeCallMetrics } from '../../operator/metrics/calls.ts';
import { followPlatform, type Platform, readPlatform } from '../../operator/platform.ts';
import type { Redactor } from '../../redact.ts';
import type { Metrics } from '../metrics.ts';
import { createCoalescer } from './coalesce.ts';
import { type Copies, copyObjects } from './copies.ts';
import { createLeftOut } from './left-out.ts';
import type { OpenStack } from './stack.ts';
import { createTrouble } from './trouble.ts';
import { type StackView, stackView } from './view.ts';

/** Where the custom resources are. */
export interface KubernetesDocuments {
  /** Only those of this namespace. Default: of all. */
  readonly namespace?: string | undefined;
  /** Default: KUBECONFIG, else ~/.kube/config, else the pod's service account. */
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig. Default: its current one. */
  readonly context?: string | undefined;
}

export interface KubernetesSource extends KubernetesDocuments {
  /** Folder with the Platform document and private catalog entries. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'registry'>;
}

/** Between two views, in milliseconds. */
const PAUSE_MS = 200;

const clock = (): number => performance.now();

/**
 * Does not wait for the API server: see `complete`.
 * @throws InvalidDocumentsError, StackNotFound (the folder); MissingSetting, InvalidUsage, KubernetesUnauthorized (the login)
 */
export async function openKubernetesStack(source: KubernetesSource): Promise<OpenStack> {
  const { dir, env, redactor, log, kubeconfig, context } = source;
  let platform = await readPlatform(dir);
  if (platform.ignored > 0) {
    const documents = platform.ignored;
    log.warn({ documents }, 'tenants of the folder are not used: apply them to the cluster');
  }
  const onCall = kubeCallMetrics({ registers: [source.metrics.registry] }, () => kube.server);
  const kube = await connectKube({ kubeconfig, context, env, redactor, onCall });
  const closed = new AbortController();
  const { metrics, namespace } = source;
  const trouble = createTrouble({ log, metrics, clock, silentSeconds: () => copies.silentSeconds() });
  const copies: Copies = copyObjects({
    kube,
    namespace,
    hooks: trouble.hooks,
    signal: closed.signal,
    clock,
  });
  const build = createBuilder(log, copies, env);
  let view: StackView | undefined;
  let onChange: ((view: StackView) => void) | undefined;
  function rebuild(): void {
    if (!copies.hasSynced()) return;
    view = build(platform);
    onChange?.(view);
  }
  function rebuildOrTell(): void {
    try {
      rebuild();
    } catch (error) {
      log.error({ err: asTenantryError(error) }, 'the changed documents are not used');
    }
  }
  const coalescer = createCoalescer({ work: rebuildOrTell, pauseMs: PAUSE_MS, clock });
  copies.onChange(coalescer.request);
  const complete = copies.synced().then(rebuild);
  // Whoever waits for it hears of the end.
  complete.catch(() => undefined);

  function take(changed: Platform): void {
    platform = changed;
    coalescer.request();
  }

  return {
    current() {
      if (view !== undefined) return view;
      throw new TenantryError(
        trouble.last() ?? 'KubernetesUnreachable',
        'the documents were not read from the API server yet',
      );
    },
    platform: () => platform.document,
    missing() {
      if (view !== undefined) return undefined;
      const code = trouble.last();
      return code === undefined ? {} : { code };
    },
    complete: (signal) => untilCancelled(complete, signal),
    referred: [],
    async reload() {
      platform = await readPlatform(dir);
      await copies.relist(closed.signal);
      rebuild();
    },
    follow(_log, signal, listener) {
      onChange = listener;
      followPlatform({ dir, log, signal, onChange: take });
      onHangUp(signal, () => void readAgain(dir, log, take));
    },
    async close() {
      closed.abort();
      coalescer.close();
      await kube.close();
    },
  };
}

/** The documents of all objects as they are now; the same document object where nothing changed. */
function createBuilder(
  log: Logger,
  copies: Copies,
  env: NodeJS.ProcessEnv,
): (platform: Platform) => StackView {
  const cache: ParseCache = new Map();
  const leftOut = createLeftOut(log);
  return ({ document, catalog }) => {
    const { tenants, integrations } = copies.objects();
    const kvMount = kvMountOf(document, env);
    const objects = { tenants, integrations };
    const input = { ...objects, platform: document, catalog, kvMount, cache, makesSources: false };
    const read = onlyOwned(readDocuments(input));
    leftOut.tell(read);
    return stackView(read.documents, catalog);
  };
}

function onHangUp(signal: AbortSignal, work: () => void): void {
  process.on('SIGHUP', work);
  signal.addEventListener('abort', () => process.off('SIGHUP', work), { once: true });
}

async function readAgain(dir: string, log: Logger, take: (platform: Platform) => void): Promise<void> {
  try {
    take(await readPlatform(dir));
  } catch (error) {
    const problems = error instanceof InvalidDocumentsError ? error.problems.slice(0, 20) : undefined;
    log.error({ err: asTenantryError(error), problems }, 'the changed Platform document is not used');
  }
}
