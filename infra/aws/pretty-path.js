// A function of CloudFront, cloudfront-js-2.0: turns the path that a client asks for into the parameter `path`, since
// API Gateway refuses every path below the stage. `uri` and the values of `querystring` are as the client escaped them
// here, and are sent on as they are left: so the path is escaped once more, and the client's own parameters stay.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
function handler(event) {
  const request = event.request;
  if (request.uri !== '/') {
    request.querystring.path = { value: encodeURIComponent(request.uri) };
    request.uri = '/';
  }
  return request;
}
