export { Sockethook } from './sockethook.ts';
export type { CustomDomain, SockethookProps } from './sockethook-props.ts';
