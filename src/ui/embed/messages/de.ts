/** The component in German. */
import type { Messages } from './messages.ts';

export const de: Messages = {
  list: 'Integrationen',
  loading: 'Wird geladen …',
  empty: 'Es gibt nichts zu verbinden.',
  connect: 'Verbinden',
  reconnect: 'Neu verbinden',
  grant: 'Zugriff erlauben',
  disconnect: 'Trennen',
  confirmDisconnect: 'Ja, trennen',
  keep: 'Behalten',
  stop: 'Abbrechen',
  again: 'Noch einmal',
  connected: 'Verbunden',
  notConnected: 'Nicht verbunden',
  needsAgain: 'Muss neu verbunden werden',
  lacksAccess: 'Verbunden, aber es fehlt Zugriff',
  suspended: 'Von Ihrem Anbieter angehalten',
  disconnected: '{name} ist getrennt.',
  opening: '{name} wird geöffnet …',
  waiting: 'Stimmen Sie im geöffneten Fenster zu. Diese Seite geht von selbst weiter.',
  closed:
    'Das Fenster wurde geschlossen, bevor {name} verbunden war. Ist es noch offen, machen Sie dort weiter.',
  blocked:
    'Ihr Browser hat das Fenster blockiert. Öffnen Sie {name} mit diesem Link; diese Seite geht von selbst weiter.',
  openHere: '{name} öffnen',
  sessionEnded: 'Ihre Sitzung ist abgelaufen. Laden Sie die Seite neu.',
  unreachable: 'Der Dienst antwortet nicht. Prüfen Sie Ihr Netz und versuchen Sie es noch einmal.',
  notAllowed: 'Von dieser Seite aus darf nicht verbunden werden.',
  failed:
    '{name} konnte nicht verbunden werden. Versuchen Sie es noch einmal; bleibt es dabei, fragen Sie Ihren Support.',
  errors: {
    ApprovalPending:
      'Ein Inhaber Ihres Kontos bei {name} wurde gefragt. Verbinden Sie neu, sobald er zugestimmt hat.',
    ConnectDenied:
      '{name} meldet, dass der Zugriff abgelehnt wurde. Verbinden Sie neu und stimmen Sie dort zu.',
    StateInvalid: 'Das hat zu lange gedauert: Ein Versuch gilt 10 Minuten. Beginnen Sie neu.',
    AccountMismatch:
      'Das ist ein anderes Konto bei {name} als das verbundene. Wählen Sie dasselbe, oder trennen Sie zuerst.',
    ScopesMissing: '{name} hat weniger erlaubt als nötig. Verbinden Sie neu und erlauben Sie alles.',
    ProviderUnavailable: '{name} antwortet gerade nicht. Versuchen Sie es in ein paar Minuten noch einmal.',
    ProviderRejected:
      '{name} hat abgelehnt. Versuchen Sie es noch einmal; bleibt es dabei, fragen Sie Ihren Support.',
    MissingSetting: '{name} ist hier noch nicht eingerichtet. Fragen Sie Ihren Support.',
    RateLimited: 'Zu viele Versuche. Warten Sie eine Minute.',
    Forbidden: 'Das dürfen Sie nicht. Fragen Sie einen Administrator.',
  },
};
