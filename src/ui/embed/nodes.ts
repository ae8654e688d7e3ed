/** Makes elements; text is always text. */

interface Options {
  readonly part?: string;
  readonly class?: string;
  readonly text?: string;
}

export function node<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { part, class: name, text }: Options = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (part !== undefined) made.setAttribute('part', part);
  if (name !== undefined) made.className = name;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

export interface Choice {
  readonly text: string;
  /** The whole name for screen readers; it begins with the text. */
  readonly label: string;
  readonly isPrimary?: boolean;
  /** Where it is a link. */
  readonly href?: string;
  readonly onChoose?: () => void;
}

export function choiceNode({ text, label, isPrimary = false, href, onChoose }: Choice): HTMLElement {
  const part = isPrimary ? 'button primary-button' : 'button';
  const name = isPrimary ? 'primary' : '';
  if (href !== undefined) {
    const link = node('a', { part, class: `link ${name}`, text });
    link.href = href;
    link.target = '_blank';
    link.rel = 'noreferrer';
    link.setAttribute('aria-label', label);
    return link;
  }
  const button = node('button', { part, class: name, text });
  button.type = 'button';
  button.setAttribute('aria-label', label);
  if (onChoose) button.addEventListener('click', onChoose);
  return button;
}
