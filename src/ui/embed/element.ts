/** `<tenantry-connect>`: connects a customer's services inside the customer's own product. */

import type { Embedded } from './answers.ts';
import { codeOf } from './attempt.ts';
import { list } from './calls.ts';
import { Item, type ItemHost, messageFor } from './item.ts';
import { type Messages, messagesFor, say } from './messages/messages.ts';
import { choiceNode, node } from './nodes.ts';
import { type RenewSession, Session } from './session.ts';
import { styleSheet } from './style.ts';

/** On a server there are no elements: importing must not fail there. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** While the page is looked at, so that what a person did elsewhere shows. */
const FRESH_MS = 60_000;

export class TenantryConnect extends Base {
  static readonly observedAttributes = ['tenant-session', 'url', 'integration', 'lang'];

  #own: Partial<Messages> = {};
  #renew: RenewSession | undefined;
  #session: Session | undefined;
  #embedded: Embedded | undefined;
  #loading: symbol | undefined;
  #planned = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #items = new Map<string, Item>();
  #root: ShadowRoot | undefined;
  readonly #list: HTMLUListElement | undefined;
  readonly #note: HTMLDivElement | undefined;

  constructor() {
    super();
    if (typeof document === 'undefined') return;
    this.#list = node('ul', { part: 'list' });
    this.#note = node('div', { part: 'note', class: 'note' });
    this.#note.setAttribute('role', 'status');
  }

  /** Gives a session: the first one where the attribute has none, and a new one when it has ended. */
  get renewSession(): RenewSession | undefined {
    return this.#renew;
  }

  set renewSession(renew: RenewSession | undefined) {
    this.#renew = renew;
    if (!this.#session) this.#plan();
  }

  /** Words in the place of the component's own; those left out stay. */
  get messages(): Partial<Messages> {
    return this.#own;
  }

  set messages(own: Partial<Messages>) {
    this.#own = own;
    this.#paint();
  }

  connectedCallback(): void {
    if (!this.#root && this.#list && this.#note) {
      this.#root = this.attachShadow({ mode: 'open' });
      this.#root.adoptedStyleSheets = [styleSheet()];
      this.#root.append(this.#list, this.#note);
    }
    this.#timer = setInterval(() => {
      if (!document.hidden) void this.refresh();
    }, FRESH_MS);
    this.#plan();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    for (const item of this.#items.values()) item.end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === 'tenant-session' || name === 'url') this.#session = undefined;
    if (name === 'lang' || name === 'integration') this.#paint();
    else this.#plan();
  }

  /** Asks the sidecar again how everything is. */
  async refresh(): Promise<void> {
    const session = this.#requireSession();
    if (!session) return;
    const mine = Symbol('load');
    this.#loading = mine;
    try {
      const embedded = await list(session);
      if (this.#loading !== mine) return;
      this.#embedded = embedded;
      this.#paint();
    } catch (error) {
      if (this.#loading === mine) this.#explain(codeOf(error));
    }
  }

  /** Several attributes that change together are one reason to ask. */
  #plan(): void {
    if (this.#planned || !this.isConnected) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#paint();
      void this.refresh();
    });
  }

  #requireSession(): Session | undefined {
    const token = this.getAttribute('tenant-session') ?? '';
    const url = this.getAttribute('url') ?? '';
    if ((token === '' && !this.#renew) || !URL.canParse(url)) return undefined;
    this.#session ??= new Session({
      url,
      token,
      // Looked up when it is needed: the page may set it later.
      renew: () => {
        if (this.#renew) return this.#renew();
        throw new Error('the page has set no renewSession');
      },
    });
    return this.#session;
  }

  #messages(): Messages {
    const near = this.closest('[lang]')?.getAttribute('lang');
    // Inside another shadow tree the page’s own language is not among the ancestors.
    return messagesFor(near || document.documentElement.lang || navigator.language, this.#own);
  }

  readonly #host = (): ItemHost => ({
    element: this,
    session: this.#requireSession() as Session,
    messages: this.#messages(),
    refresh: () => this.refresh(),
  });

  #paint(): void {
    if (!this.#root || !this.#list) return;
    const messages = this.#messages();
    this.#list.setAttribute('aria-label', messages.list);
    if (!this.#embedded) {
      this.#showNote(messages.loading);
      return;
    }
    const only = this.getAttribute('integration');
    const shown = this.#embedded.integrations.filter(
      ({ integration }) => only === null || only === '' || integration === only,
    );
    for (const [name, item] of this.#items) {
      if (shown.some(({ integration }) => integration === name)) continue;
      item.end();
      item.node.remove();
      this.#items.delete(name);
    }
    for (const [index, integration] of shown.entries()) {
      const known = this.#items.get(integration.integration);
      if (known) known.show(integration);
      const item = known ?? new Item(integration, this.#host);
      this.#items.set(integration.integration, item);
      // Moving a node would take the focus out of it.
      if (this.#list.children[index] !== item.node) {
        this.#list.insertBefore(item.node, this.#list.children[index] ?? null);
      }
    }
    this.#list.hidden = shown.length === 0;
    this.#showNote(shown.length === 0 ? messages.empty : '');
  }

  #showNote(text: string): void {
    if (!this.#note) return;
    this.#note.replaceChildren(text);
    this.#note.hidden = text === '';
    if (this.#list && !this.#embedded) this.#list.hidden = true;
  }

  /** What is known stays; without anything there is only the reason, and a way to try again. */
  #explain(code: string): void {
    const messages = this.#messages();
    if (this.#embedded || !this.#note) return;
    this.#showNote('');
    const name = messages.list;
    const text = node('p', {
      part: 'message',
      class: 'message',
      text: say(messageFor(code, messages), name),
    });
    text.dataset['kind'] = 'bad';
    const again = choiceNode({
      text: messages.again,
      label: messages.again,
      onChoose: () => void this.refresh(),
    });
    this.#note.hidden = false;
    this.#note.append(text, again);
  }
}
