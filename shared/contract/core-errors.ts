import type { ErrorKind } from './errors.ts';

export const malformedJson: ErrorKind = {
  code: 'malformed_json',
  status: 400,
  title: 'Malformed JSON',
  detail: 'The body is not one well-formed JSON value.',
};

export const invalidCursor: ErrorKind = {
  code: 'invalid_cursor',
  status: 400,
  title: 'Invalid cursor',
  detail:
    'The cursor is not one that this list gave out, or it has expired. Start again without it.',
};

export const unauthorized: ErrorKind = {
  code: 'unauthorized',
  status: 401,
  title: 'Unauthorized',
  detail: 'A valid access token is required: Authorization: Bearer <token>.',
};

export const forbidden: ErrorKind = {
  code: 'forbidden',
  status: 403,
  title: 'Forbidden',
  detail: 'Your role does not allow this.',
};

export const notFound: ErrorKind = {
  code: 'not_found',
  status: 404,
  title: 'Not found',
  detail: 'There is nothing at this address.',
};

export const methodNotAllowed: ErrorKind = {
  code: 'method_not_allowed',
  status: 405,
  title: 'Method not allowed',
  detail: 'This address does not answer to that method; see the Allow header.',
};

export const versionConflict: ErrorKind = {
  code: 'version_conflict',
  status: 409,
  title: 'Changed by another request',
  detail: 'Another request changed this at the same time. Read it again and repeat your change.',
};

export const payloadTooLarge: ErrorKind = {
  code: 'payload_too_large',
  status: 413,
  title: 'Payload too large',
  detail: 'The body is larger than this endpoint accepts.',
};

/** Said by CloudFront's function, which knows the bounds. */
export const uriTooLong: ErrorKind = {
  code: 'uri_too_long',
  status: 414,
  title: 'URI too long',
  detail: 'The address of the request, with its query, is longer than 4,096 bytes.',
};

/** Likewise. */
export const headersTooLarge: ErrorKind = {
  code: 'headers_too_large',
  status: 431,
  title: 'Request header fields too large',
  detail: 'The address and the headers of the request together are longer than 9,216 bytes.',
};

export const unsupportedMediaType: ErrorKind = {
  code: 'unsupported_media_type',
  status: 415,
  title: 'Unsupported media type',
  detail: 'This endpoint does not accept a body of that Content-Type.',
};

export const validationFailed: ErrorKind = {
  code: 'validation_failed',
  status: 422,
  title: 'Validation failed',
  detail: 'The request does not have the shape that this endpoint expects; see errors.',
};

export const rateLimited: ErrorKind = {
  code: 'rate_limited',
  status: 429,
  title: 'Too many requests',
  detail: 'A limit is reached. Wait for as long as the Retry-After header says.',
};

export const internalError: ErrorKind = {
  code: 'internal_error',
  status: 500,
  title: 'Internal error',
  detail: 'Something went wrong on our side. Quote the request id when you ask for help.',
};

export const busy: ErrorKind = {
  code: 'busy',
  status: 503,
  title: 'Busy',
  detail: 'The service is busy. Try again in a moment.',
};
