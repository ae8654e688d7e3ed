/** Text that comes from outside: names that people gave, what providers said. */

const MOST_NAME = 80;

/** Without control characters and never longer than is sane. */
export function cut(text: string, most = MOST_NAME): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return clean.length <= most ? clean : `${clean.slice(0, most).toWellFormed()}…`;
}

/** Set apart, so that its direction of writing reaches nothing around it. */
export function Outside({ text, most }: { readonly text: string; readonly most?: number }) {
  const shown = cut(text, most);
  return <bdi {...(shown.endsWith('…') && { title: cut(text, 2_000) })}>{shown}</bdi>;
}
