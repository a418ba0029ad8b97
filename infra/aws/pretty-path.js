// A CloudFront function, cloudfront-js-2.0: moves the client's path into the parameter `path`, since API Gateway rejects
// every path below the stage. CloudFront gives `uri` and the values of `querystring` as the client escaped them, and
// forwards them as they are. So the path is escaped once more, and the client's own parameters stay unchanged.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
function handler(event) {
  const request = event.request;
  if (request.uri !== '/') {
    request.querystring.path = { value: encodeURIComponent(request.uri) };
    request.uri = '/';
  }
  return request;
}
