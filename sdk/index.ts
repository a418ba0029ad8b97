// Hooks

// Types
export type { HookActions, HookAnswer, Refusal } from './answer.ts';
export { refuse } from './answer.ts';
export type { WebSocketUrlOptions } from './create-web-socket-url.ts';
// Calls
export { createWebSocketUrl } from './create-web-socket-url.ts';
export type { SockethookErrorCode } from './errors.ts';
// Errors
export {
  AnswerError,
  ApiError,
  ArgumentError,
  DrainedBodyError,
  SettingError,
  SockethookError,
  UnreachableError,
} from './errors.ts';
export type { ExpressRequest } from './express-hooks.ts';
export { expressHooks } from './express-hooks.ts';
export type { FastifyLike, FastifyReplyLike, FastifyRequestLike } from './fastify-hooks.ts';
export { fastifyHooks } from './fastify-hooks.ts';
export type { Handler, HookHandlers, HookOptions } from './handle.ts';
export { hooks } from './hooks.ts';
export type { Message } from './message.ts';
export { nodeHooks } from './node-hooks.ts';
export type { BroadcastOutcome, SendOutcome } from './outcomes.ts';
export type { SeenIds, SeenState } from './seen-ids.ts';
export { MemorySeenIds } from './seen-ids.ts';
export type { BroadcastOptions } from './send-message.ts';
export { broadcastMessage, closeSocket, sendMessage } from './send-message.ts';
