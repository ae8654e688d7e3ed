/** What is known of the election between its rounds: who leads, and when the API server was last heard on it. */
import type { readiness } from '../health/readiness.ts';

export interface ElectionState {
  change(state: { readonly leading: boolean; readonly holder: string | undefined }): void;
  contact(): void;
  facts(): NonNullable<Parameters<typeof readiness>[0]['election']>;
}

export function createElectionState(now: () => number): ElectionState {
  let state: { readonly leading: boolean; readonly holder: string | undefined } = {
    leading: false,
    holder: undefined,
  };
  let heard: number | undefined;
  return {
    change(next) {
      state = next;
    },
    contact() {
      heard = now();
    },
    facts: () => ({
      ...state,
      silentSeconds: heard === undefined ? Number.POSITIVE_INFINITY : (now() - heard) / 1000,
    }),
  };
}
