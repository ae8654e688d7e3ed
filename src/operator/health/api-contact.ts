/** Remembers for how long the API server has not answered, as told by the calls that are made anyway. */
import type { KubeCall } from '../kube/client.ts';

export interface ApiContact {
  onCall(call: KubeCall): void;
  /**
   * From the beginning of the first call without an answer to the end of the last one, with no answer between them.
   * Who does not ask learns nothing: time without calls does not count.
   */
  unansweredSeconds(): number;
}

/** @param now milliseconds of a clock that never goes back */
export function createApiContact(now: () => number): ApiContact {
  let unanswered: { readonly from: number; readonly to: number } | undefined;
  return {
    onCall({ code, seconds }) {
      const to = now();
      // A call that was cancelled has this code too; alone it lasts no longer than it took.
      const from = unanswered?.from ?? to - seconds * 1000;
      unanswered = code === '<error>' ? { from, to } : undefined;
    },
    unansweredSeconds: () => (unanswered === undefined ? 0 : (unanswered.to - unanswered.from) / 1000),
  };
}
