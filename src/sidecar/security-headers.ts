/** Headers by which a browser does less with an answer (helmet): the same for all, so they are made once. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** @param publicUrl with https, browsers are told to use nothing else for a year */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const set = helmet({
    // An answer that is no page loads nothing, is shown in no frame and sends no form; pages have their own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: publicUrl.startsWith('https:')
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
    // The popup of a connect flow tells its opener that it is done: that route has its own word.
    crossOriginOpenerPolicy: { policy: 'same-origin' },
  });
  set(request, response, (error) => {
    if (error) throw error;
  });
  const made = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)] as const);
  // What is for one caller is kept by no cache; what may be kept says so itself.
  return { ...Object.fromEntries(made), 'cache-control': 'no-store' };
}
