export { errorBody, type ApiError } from "./api-error.ts";
export { createModelServer, type Exchange, type ModelAnswer, type ModelServerOptions } from "./model-server.ts";
export type { ModelMessage, ModelRequest, ModelTool, ModelToolCall } from "./model-request.ts";
export type { FinishReason, ReplyPart, TokenUsage } from "./reply.ts";
export { countTokens, splitTokens } from "./token-count.ts";
export { inputTokens, usageOf } from "./usage-estimate.ts";
