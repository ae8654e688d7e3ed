/** Opens a session by one of the ways there are. */
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Who } from '../app/api.ts';
import { arrivalIsOver } from './arrival.ts';
import { tellOtherTabs } from './leave.ts';

export function useSignIn<Given = void>(
  open: (given: Given) => Promise<Who>,
): UseMutationResult<Who, Error, Given> {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: ['sign-in'],
    mutationFn: open,
    // An API key is among what was given: it is kept for the call alone.
    gcTime: 0,
    onSuccess(who) {
      arrivalIsOver();
      queries.setQueryData(['session'], who);
      tellOtherTabs();
    },
  });
}
