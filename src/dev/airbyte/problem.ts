/** Errors as Airbyte's API sends them: plain JSON with status, type, title, detail, documentationUrl and data. */

const REFERENCE = 'https://reference.airbyte.com/reference/errors';

export interface ProblemBody {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly documentationUrl: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Thrown by a route; becomes the answer. */
export class Problem extends Error {
  readonly status: number;
  readonly body: ProblemBody;

  constructor(body: Omit<ProblemBody, 'documentationUrl'>) {
    super(body.detail);
    this.name = 'Problem';
    this.status = body.status;
    this.body = { ...body, documentationUrl: null };
  }
}

/** 400: what the request says cannot be done. The reason stands in the detail and in the data. */
export function badRequest(message: string): Problem {
  const type = `${REFERENCE}#bad-request`;
  return new Problem({ status: 400, type, title: 'bad-request', detail: message, data: { message } });
}

/** 400: a name or id of a connector that Airbyte does not have. */
export function unknownValue(value: string): Problem {
  const detail = 'The submitted value could not be found.';
  return new Problem({ status: 400, type: REFERENCE, title: 'value-not-found', detail, data: { value } });
}

/** 401: no token, or one that is unknown or has ended. */
export function unauthorized(): Problem {
  const type = `${REFERENCE}#invalid-api-key`;
  const detail = 'The API key in the Authorization header is invalid.';
  return new Problem({ status: 401, type, title: 'invalid-api-key', detail, data: {} });
}

/** 404: no such object. */
export function notFound(resourceType: string, resourceId: string): Problem {
  const type = `${REFERENCE}#resource-not-found`;
  const detail = 'The requested resource could not be found.';
  return new Problem({
    status: 404,
    type,
    title: 'resource-not-found',
    detail,
    data: { resourceType, resourceId },
  });
}

/** 409: the object is in a state that does not allow it. */
export function conflict(message: string): Problem {
  const type = `${REFERENCE}#409-state-conflict`;
  return new Problem({
    status: 409,
    type,
    title: 'state-conflict',
    detail: 'State conflict',
    data: { message },
  });
}

/** 409: possible later, e.g. when the running job has ended. */
export function tryAgainLater(message: string): Problem {
  const type = `${REFERENCE}#try-again-later`;
  return new Problem({
    status: 409,
    type,
    title: 'try-again-later',
    detail: 'Please try again later.',
    data: { message },
  });
}

/** 422: the configuration does not fit the connector. The useful text is in the data only, as in Airbyte. */
export function unprocessable(message: string): Problem {
  const type = `${REFERENCE}#unprocessable-entity`;
  const detail = 'The body of the request was not understood';
  return new Problem({ status: 422, type, title: 'unprocessable-entity', detail, data: { message } });
}

/** Any other status, e.g. 501 for what self-managed Airbyte does not have. */
export function otherProblem(status: number, title: string, detail: string): Problem {
  return new Problem({ status, type: REFERENCE, title, detail, data: { message: detail } });
}
