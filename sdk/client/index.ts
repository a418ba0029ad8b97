export { StateChange } from './events.ts';
export type { Clock, Options, SocketState, Url } from './options.ts';
export { ReliableSocket } from './reliable-socket.ts';
