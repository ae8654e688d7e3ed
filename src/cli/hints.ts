/** Completes the commands that hints name: with the stack, the environment file and the cluster of this run. */
import { completeCommands, WITH_DOCUMENTS } from '../named-commands.ts';
import type { DocumentsOptions } from './documents-option.ts';
import type { StackOptions } from './session.ts';

export type Hint = (text: string) => string;

const WITH_STACK =
  /^(validate|plan|apply|status|destroy|claim|import|connect|preview|syncs?|usage|credentials|api-keys|rotate|sidecar|migrate|doctor)\b/;

type HintOptions = Partial<Pick<StackOptions, 'stack' | 'envFile'>> & DocumentsOptions;

/** @param options as the person gave them; what the environment says need not be repeated */
export function completeHints(options: HintOptions): Hint {
  const stack = { of: WITH_STACK, options: given({ stack: options.stack, 'env-file': options.envFile }) };
  const { documents, namespace, kubeconfig, context, cluster } = options;
  const isFiles = documents === undefined || documents === 'files';
  const named = {
    documents: documents === 'auto' ? undefined : documents,
    namespace,
    kubeconfig,
    context,
    cluster,
  };
  const places = isFiles ? [] : given(named);
  const where = { of: WITH_DOCUMENTS, options: places };
  return (text) => completeCommands(completeCommands(text, stack), where);
}

function given(options: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${quoted(value)}`],
  );
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
