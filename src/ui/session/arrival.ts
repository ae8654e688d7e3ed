/** What the address said when the page was opened: how a sign-in elsewhere went, or that the person has left. */

const given = new URLSearchParams(location.search);

let arrival: { readonly error: string | null; readonly hasLeft: boolean } = {
  error: given.get('sign_in_error'),
  hasLeft: given.has('signed_out'),
};

// Said once: a reload, or a link that is handed on, does not say it again.
if (arrival.error !== null || arrival.hasLeft) {
  given.delete('sign_in_error');
  given.delete('signed_out');
  const rest = given.size > 0 ? `?${given}` : '';
  history.replaceState(history.state, '', location.pathname + rest + location.hash);
}

export function arrivedWith(): typeof arrival {
  return arrival;
}

/** Somebody has signed in since. */
export function arrivalIsOver(): void {
  arrival = { error: null, hasLeft: false };
}
