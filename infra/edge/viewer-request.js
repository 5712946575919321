// CloudFront runs this on every request of a viewer. `apiPatterns` is declared ahead of it at synthesis.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
function handler(event) {
  const request = event.request;

  // Replaced and never trusted: the API counts its limits by this address.
  request.headers['x-viewer-address'] = { value: event.viewer.ip };

  if (isApi(request.uri)) {
    request.uri = withoutTrailingSlash(request.uri);
  } else if (!/\.[^/]+$/.test(request.uri)) {
    request.uri = '/index.html';
  }
  return request;
}

function isApi(uri) {
  return apiPatterns.some((pattern) =>
    pattern.endsWith('*') ? uri.startsWith(pattern.slice(0, -1)) : uri === pattern,
  );
}

function withoutTrailingSlash(uri) {
  return uri.length > 1 && uri.endsWith('/') ? uri.slice(0, -1) : uri;
}
