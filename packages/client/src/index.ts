export { follow, type FollowEnd, type FollowOptions, type FollowStatus } from "./follow.ts";
export { type Frame } from "./frame.ts";
export { fromSnapshot } from "./from-snapshot.ts";
export {
  type CallOptions,
  type DecisionOptions,
  HoldfastClient,
  type HoldfastClientOptions,
  type PageOptions,
} from "./holdfast-client.ts";
export { HoldfastError, type HoldfastErrorCode } from "./holdfast-error.ts";
export { newId } from "./new-id.ts";
export { reduce } from "./reduce.ts";
export { hasEnded } from "./run-status.ts";
export { activeRun, answerText, pendingApprovals, runsOf } from "./selectors.ts";
export { SseParser, type SseMessage } from "./sse-parser.ts";
export {
  type ApprovalState,
  type ControlItem,
  type ConversationItem,
  type ConversationState,
  emptyConversation,
  type NoticeItem,
  type QuestionState,
  type Restart,
  type RunItem,
  type StepState,
  type ToolCallState,
  type ToolCallStatus,
  type UserMessageItem,
} from "./state.ts";
