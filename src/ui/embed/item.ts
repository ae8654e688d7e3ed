/** One integration in the component: its state, what can be done now, and how an attempt goes. */

import type { EmbeddedIntegration } from './answers.ts';
import { attempt, codeOf } from './attempt.ts';
import { disconnect } from './calls.ts';
import { tell } from './events.ts';
import { type Messages, say } from './messages/messages.ts';
import { type Choice, choiceNode, node } from './nodes.ts';
import type { Session } from './session.ts';

export interface ItemHost {
  /** Gets the events. */
  readonly element: HTMLElement;
  readonly session: Session;
  readonly messages: Messages;
  /** The states have changed at the sidecar. */
  refresh(): Promise<void>;
}

type Step =
  | { readonly step: 'rest' }
  | { readonly step: 'opening' | 'away' | 'gone' | 'asking' | 'leaving' }
  | { readonly step: 'blocked'; readonly address: string };

type Shown = 'connected' | 'again' | 'not-connected' | 'suspended';

export class Item {
  readonly node: HTMLLIElement;
  readonly #host: () => ItemHost;
  readonly #status = node('span', { part: 'status', class: 'status' });
  readonly #name = node('span', { part: 'name', class: 'name' });
  readonly #actions = node('div', { part: 'actions', class: 'actions' });
  readonly #message = node('p', { part: 'message', class: 'message' });
  #integration: EmbeddedIntegration;
  #step: Step = { step: 'rest' };
  #stop: (() => void) | undefined;

  constructor(integration: EmbeddedIntegration, host: () => ItemHost) {
    this.#host = host;
    this.#integration = integration;
    // Told by screen readers when it changes, wherever the person is.
    this.#message.setAttribute('role', 'status');
    const words = node('div', { class: 'words' }, this.#name, this.#status);
    this.node = node(
      'li',
      { part: 'item' },
      node('div', { class: 'row' }, words, this.#actions),
      this.#message,
    );
    this.show(integration);
  }

  show(integration: EmbeddedIntegration): void {
    this.#integration = integration;
    this.#paint();
  }

  end(): void {
    this.#stop?.();
  }

  /** To be called in the handler of a click. */
  readonly begin = (): void => {
    this.#stop?.();
    const { session } = this.#host();
    const { integration } = this.#integration;
    this.#go({ step: 'opening' });
    this.#stop = attempt(session, integration, {
      onAway: () => this.#go({ step: 'away' }, this.#host().messages.waiting),
      onBlocked: (address) => this.#go({ step: 'blocked', address }, this.#host().messages.blocked),
      onGone: () => {
        this.#go({ step: 'gone' }, this.#host().messages.closed);
        tell(this.#host().element, 'tenantry-closed', { integration });
      },
      onConnected: () => {
        this.#go({ step: 'rest' });
        void this.#host()
          .refresh()
          .then(() => {
            this.#say(this.#host().messages.connected);
            this.#focusFirst();
            tell(this.#host().element, 'tenantry-connected', { integration });
          });
      },
      onFailed: (code) => this.#failed(code),
    });
  };

  #failed(code: string): void {
    this.#go({ step: 'rest' });
    this.#say(messageFor(code, this.#host().messages), true);
    this.#focusFirst();
    tell(this.#host().element, 'tenantry-failed', { integration: this.#integration.integration, code });
  }

  async #disconnect(): Promise<void> {
    const { session, messages, element, refresh } = this.#host();
    const { integration } = this.#integration;
    this.#go({ step: 'leaving' });
    try {
      await disconnect(session, integration);
    } catch (error) {
      this.#failed(codeOf(error));
      return;
    }
    this.#go({ step: 'rest' });
    await refresh();
    this.#say(messages.disconnected);
    this.#focusFirst();
    tell(element, 'tenantry-disconnected', { integration });
  }

  #go(step: Step, message?: string): void {
    const hadFocus = this.#actions.contains((this.node.getRootNode() as ShadowRoot).activeElement);
    this.#step = step;
    this.#say(message ?? (step.step === 'opening' ? this.#host().messages.opening : ''));
    this.#paint();
    // The button that was pressed is gone: the keyboard must not fall back to the top of the page.
    if (hadFocus) this.#focusFirst();
  }

  #focusFirst(): void {
    this.#actions.querySelector<HTMLElement>('button, a')?.focus({ preventScroll: true });
  }

  #say(text: string, isBad = false): void {
    this.#message.textContent = say(text, this.#integration.name);
    if (isBad) this.#message.dataset['kind'] = 'bad';
    else delete this.#message.dataset['kind'];
  }

  #paint(): void {
    const { messages } = this.#host();
    const shown = shownOf(this.#integration);
    this.node.dataset['state'] = shown;
    this.node.setAttribute('part', `item item-${shown}`);
    this.#name.textContent = this.#integration.name;
    this.#status.textContent = statusText(this.#integration, shown, messages);
    this.#actions.replaceChildren(...this.#choices(messages).map(choiceNode));
  }

  #choices(messages: Messages): readonly Choice[] {
    const named = (text: string): Pick<Choice, 'text' | 'label'> => ({
      text,
      label: `${text}: ${this.#integration.name}`,
    });
    const step = this.#step;
    const stop: Choice = {
      ...named(messages.stop),
      onChoose: () => {
        this.#stop?.();
        this.#go({ step: 'rest' });
      },
    };
    switch (step.step) {
      case 'opening':
      case 'away':
        return [stop];
      case 'gone':
        return [{ ...named(messages.again), isPrimary: true, onChoose: this.begin }, stop];
      case 'blocked': {
        const text = say(messages.openHere, this.#integration.name);
        return [{ text, label: text, isPrimary: true, href: step.address }, stop];
      }
      case 'asking':
        return [
          { ...named(messages.keep), isPrimary: true, onChoose: () => this.#go({ step: 'rest' }) },
          { ...named(messages.confirmDisconnect), onChoose: () => void this.#disconnect() },
        ];
      case 'leaving':
        return [];
      case 'rest':
        return this.#restChoices(messages, named);
    }
  }

  #restChoices(
    messages: Messages,
    named: (text: string) => Pick<Choice, 'text' | 'label'>,
  ): readonly Choice[] {
    const { status, missingScopes, mayDisconnect } = this.#integration;
    const shown = shownOf(this.#integration);
    const again = missingScopes.length > 0 && shown === 'again' && isLive(this.#integration);
    const connect: Choice = {
      ...named(again ? messages.grant : shown === 'not-connected' ? messages.connect : messages.reconnect),
      isPrimary: shown === 'not-connected' || shown === 'again',
      onChoose: this.begin,
    };
    const leave: Choice = { ...named(messages.disconnect), onChoose: () => this.#go({ step: 'asking' }) };
    if (shown === 'suspended') return [];
    const mayLeave = mayDisconnect && status !== 'missing' && status !== 'revoked';
    if (shown === 'connected') return mayLeave ? [leave] : [];
    return mayLeave ? [connect, leave] : [connect];
  }
}

function isLive({ status }: EmbeddedIntegration): boolean {
  return status === 'active' || status === 'expired';
}

function shownOf(integration: EmbeddedIntegration): Shown {
  if (integration.status === 'suspended') return 'suspended';
  if (isLive(integration)) return integration.missingScopes.length > 0 ? 'again' : 'connected';
  return integration.status === 'needs_reauthorization' ? 'again' : 'not-connected';
}

function statusText(integration: EmbeddedIntegration, shown: Shown, messages: Messages): string {
  if (shown === 'connected') return messages.connected;
  if (shown === 'suspended') return messages.suspended;
  if (shown === 'not-connected') return messages.notConnected;
  return isLive(integration) ? messages.lacksAccess : messages.needsAgain;
}

export function messageFor(code: string, messages: Messages): string {
  if (code === 'Unauthenticated') return messages.sessionEnded;
  if (code === 'Unreachable') return messages.unreachable;
  if (code === 'RedirectNotAllowed') return messages.notAllowed;
  return Object.hasOwn(messages.errors, code) ? (messages.errors[code] ?? messages.failed) : messages.failed;
}
