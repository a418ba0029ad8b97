// Hooks

export { refuse } from './answer.ts';
export { expressHooks } from './express-hooks.ts';
export { fastifyHooks } from './fastify-hooks.ts';
export { hooks } from './hooks.ts';
export { nodeHooks } from './node-hooks.ts';
export { MemorySeenIds } from './seen-ids.ts';

// Calls

export { cancelBroadcast, getBroadcast } from './broadcasts.ts';
export { checkSettings } from './check-settings.ts';
export { createWebSocketUrl } from './create-web-socket-url.ts';
export {
  deleteDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from './dead-letters.ts';
export { joinGroup, leaveGroup, listGroup, listUsers } from './groups.ts';
export { broadcastMessage, closeSocket, sendMessage } from './send-message.ts';

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

// Types

export type { ActionsFor, HookActions, HookAnswer, HookResponse, Refusal } from './answer.ts';
export type { SettingsPart } from './check-settings.ts';
export type { WebSocketUrlOptions } from './create-web-socket-url.ts';
export type { DeadLetterOptions } from './dead-letters.ts';
export type { SockethookErrorCode } from './errors.ts';
export type { ExpressRequest } from './express-hooks.ts';
export type { FastifyLike, FastifyReplyLike, FastifyRequestLike } from './fastify-hooks.ts';
export type { Handler, HookHandlers, HookOptions } from './handle.ts';
export type { Message } from './message.ts';
export type { NodeHookOptions } from './node-hooks.ts';
export type {
  BroadcastOutcome,
  BroadcastProgress,
  BroadcastResult,
  DeadLetter,
  DeadLetterPage,
  GroupPage,
  GroupUser,
  OpenSocket,
  SendOutcome,
  StartedBroadcast,
  UserPage,
} from './outcomes.ts';
export type { PageOptions } from './page.ts';
export type { Seen, SeenIds } from './seen-ids.ts';
export type { BroadcastOptions, SendOptions } from './send-message.ts';
