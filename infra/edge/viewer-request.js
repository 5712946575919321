// CloudFront runs this on every request of a viewer. Its constants are declared ahead of it at synthesis.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
function handler(event) {
  const request = event.request;

  // Replaced and never trusted: the API counts its limits by this address.
  request.headers['x-viewer-address'] = { value: event.viewer.ip };

  if (apiPatterns.some((pattern) => matches(pattern, request.uri))) {
    const uriBytes = request.uri.length + bytesOf(request.querystring, 2);
    const headBytes = uriBytes + bytesOf(request.headers, 4) + bytesOf(request.cookies, 3);
    if (uriBytes > maxUriBytes) return refusal(problems.uriTooLong, event);
    if (headBytes > maxRequestHeadBytes) return refusal(problems.headersTooLarge, event);
    request.uri = withoutTrailingSlash(request.uri);
  } else if (elsewhere.some((path) => matches(path, withoutTrailingSlash(request.uri)))) {
    return refusal(problems.notFound, event);
  } else if (!/\.[^/]+$/.test(request.uri)) {
    request.uri = '/index.html';
  }
  return request;
}

function matches(pattern, uri) {
  return pattern.endsWith('*') ? uri.startsWith(pattern.slice(0, -1)) : uri === pattern;
}

function withoutTrailingSlash(uri) {
  return uri.length > 1 && uri.endsWith('/') ? uri.slice(0, -1) : uri;
}

/** As many bytes as the values take on the wire, each with its name and what stands between. */
function bytesOf(values, separators) {
  return Object.keys(values).reduce((sum, name) => {
    const all = values[name].multiValue || [values[name]];
    return all.reduce((bytes, each) => bytes + name.length + each.value.length + separators, sum);
  }, 0);
}

/** The API would say the same, were it asked. */
function refusal(problem, event) {
  const requestId = event.context.requestId;
  const headers = { 'x-request-id': { value: requestId } };
  Object.keys(problemHeaders).forEach((name) => {
    headers[name] = { value: problemHeaders[name] };
  });
  return {
    statusCode: problem.status,
    statusDescription: problem.title,
    headers,
    body: {
      encoding: 'text',
      data: JSON.stringify(Object.assign({}, problem, { request_id: requestId })),
    },
  };
}
