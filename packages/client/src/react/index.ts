export {
  useClientEvent,
  useConversations,
  useLink,
  useMe,
  usePresence,
  usePresenceCount,
  useWaiting,
  useWatch,
} from './client-hooks.ts';
export { KonferencoProvider, useClient } from './context.ts';
export {
  type ShownConversation,
  type ShownThread,
  useChannel,
  useConversation,
  useConversationState,
  useDirect,
  useThread,
} from './conversation-hooks.ts';
export { useMeetings, useOwn, useProgramme, useSync } from './replica-hooks.ts';
