/**
 * The tests of the suite that this emulator, 1.5.33, can't take, each with what it does otherwise than AWS. Our code
 * follows AWS; the same tests run on the stand-in of test/aws, which does too.
 */
export const cannot: Readonly<Record<string, string>> = {
  'a socket’s life is told in three hooks, which name it, its path and its query as the client wrote them':
    'It does not hand on the reason of a close frame.',
  'a client that closes with a code and a reason': 'It does not hand on the reason of a close frame.',
  'a client that closes without a code is told as 1005': 'It tells 1006 of it.',
  'the handshake carries the client’s session headers, and the peer’s address as X-Forwarded-For':
    'It lets clients in without the subprotocol that $connect chose.',
  'the app chooses one of the subprotocols that the client offers':
    'It lets clients in without the subprotocol that $connect chose.',
  'a message of 131,073 bytes closes the socket with 1009 and is no hook': 'It has no limit of a message.',
  'a binary frame closes the socket with 1003 and is no hook': 'It takes a binary frame for a text.',
  'a ping is answered with a pong, and is no hook':
    'Its CloudFormation knows neither a route response nor an integration response.',
  'an empty reply': 'It drops an empty message that is posted to @connections.',
};
