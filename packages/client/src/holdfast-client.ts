import type {
  AgentList,
  ApprovalEvent,
  ApprovalList,
  CancelAccepted,
  Conversation,
  ConversationList,
  CreateConversation,
  Decision,
  FormContent,
  MessageAccepted,
  MessageList,
  RestartAccepted,
  Run,
  SendMessage,
  Snapshot,
  ToolList,
} from "@holdfast/protocol";
import { newId } from "./new-id.ts";
import { follow, type FollowEnd, type FollowOptions } from "./follow.ts";
import { requestJson, type RequestOptions, type Transport } from "./request.ts";

export interface HoldfastClientOptions {
  /** Where the gateway answers, for example `http://127.0.0.1:8080`; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly fetch?: typeof fetch;
  /** How long `send` and the other repeatable requests are tried while the server is away. Default 30 000. */
  readonly patienceMs?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface DecisionOptions extends CallOptions {
  readonly comment?: string;
  /** To approve a question: what was filled in. What is left out stays out; `requested_schema` has the defaults to begin with. */
  readonly content?: FormContent;
}

export interface PageOptions extends CallOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

const DEFAULT_PATIENCE_MS = 30_000;

/**
 * The gateway's routes (protocol §4), typed. Answers are trusted to have their shape: they come from the gateway.
 * Errors: every method rejects with HoldfastError where the answer is not a success.
 */
export class HoldfastClient {
  readonly #transport: Transport;

  constructor(options: HoldfastClientOptions) {
    this.#transport = {
      baseUrl: options.baseUrl.replace(/\/+$/, ""),
      // Called through a function: a browser's fetch insists on its own `this`.
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      patienceMs: options.patienceMs ?? DEFAULT_PATIENCE_MS,
    };
  }

  /** Mints the id when none is given, so that trying again does not make a second conversation. */
  createConversation(body: CreateConversation = {}, options: CallOptions = {}): Promise<Conversation> {
    const named = { ...body, id: body.id ?? newId() };
    return this.#request("/v1/conversations", { ...options, method: "POST", body: named, isRepeatable: true });
  }

  listConversations({ limit, cursor, signal }: PageOptions = {}): Promise<ConversationList> {
    return this.#request("/v1/conversations", { query: { limit, cursor }, signal });
  }

  snapshot(conversationId: string, options: CallOptions = {}): Promise<Snapshot> {
    return this.#request(conversationPath(conversationId), options);
  }

  messages(conversationId: string, { limit, cursor, signal }: PageOptions = {}): Promise<MessageList> {
    return this.#request(`${conversationPath(conversationId)}/messages`, { query: { limit, cursor }, signal });
  }

  deleteConversation(conversationId: string, options: CallOptions = {}): Promise<void> {
    return this.#request(conversationPath(conversationId), { ...options, method: "DELETE" });
  }

  /**
   * Sends a message. Its id, minted here when none is given, is the idempotency key: the message is sent again under the
   * same id while no answer comes or the service is away, and is answered once.
   */
  send(conversationId: string, message: SendMessage, options: CallOptions = {}): Promise<MessageAccepted> {
    const body = { ...message, id: message.id ?? newId() };
    const path = `${conversationPath(conversationId)}/messages`;
    return this.#request(path, { ...options, method: "POST", body, isRepeatable: true });
  }

  /** See `follow`: resolves when there is nothing more to follow. */
  follow(conversationId: string, options: Omit<FollowOptions, "url" | "fetch">): Promise<FollowEnd> {
    const { baseUrl, fetch } = this.#transport;
    return follow({ ...options, url: `${baseUrl}${conversationPath(conversationId)}/stream`, fetch });
  }

  run(runId: string, options: CallOptions = {}): Promise<Run> {
    return this.#request(runPath(runId), options);
  }

  cancelRun(runId: string, options: CallOptions = {}): Promise<CancelAccepted> {
    return this.#request(`${runPath(runId)}/cancel`, { ...options, method: "POST", isRepeatable: true });
  }

  agents(options: CallOptions = {}): Promise<AgentList> {
    return this.#request("/v1/agents", options);
  }

  tools(options: CallOptions = {}): Promise<ToolList> {
    return this.#request("/v1/tools", options);
  }

  /** Has every tool-runner end its process of an MCP server and start it again. */
  restartToolset(toolset: string, options: CallOptions = {}): Promise<RestartAccepted> {
    return this.#request(`/v1/tools/${encodeURIComponent(toolset)}/restart`, { ...options, method: "POST" });
  }

  /** Questions that nobody has decided yet, the first to expire first. */
  listApprovals({ limit, cursor, signal }: PageOptions = {}): Promise<ApprovalList> {
    return this.#request("/v1/approvals", { query: { status: "requested", limit, cursor }, signal });
  }

  /**
   * Fills in the form of a question. What does not fit it is HoldfastError `invalid_request`, with `problem.errors` by field
   * (`content.<name>`). See `decide`; `reject` declines.
   */
  answer(approvalId: string, content: FormContent, options: CallOptions = {}): Promise<ApprovalEvent> {
    return this.decide(approvalId, "approve", { ...options, content });
  }

  /** The call is made as it was shown. See `decide`. */
  approve(approvalId: string, options: DecisionOptions = {}): Promise<ApprovalEvent> {
    return this.decide(approvalId, "approve", options);
  }

  /** The call is not made, and the model is told, with the comment. See `decide`. */
  reject(approvalId: string, options: DecisionOptions = {}): Promise<ApprovalEvent> {
    return this.decide(approvalId, "reject", options);
  }

  /**
   * The same decision again succeeds with the first one's answer; another one is HoldfastError `approval_conflict`, one that
   * comes too late `approval_expired`.
   */
  decide(
    approvalId: string,
    decision: Decision["decision"],
    { comment, content, signal }: DecisionOptions = {},
  ): Promise<ApprovalEvent> {
    const body: Decision = {
      decision,
      ...(comment === undefined ? {} : { comment }),
      ...(content === undefined ? {} : { content }),
    };
    const path = `/v1/approvals/${encodeURIComponent(approvalId)}`;
    return this.#request(path, { method: "POST", body, signal, isRepeatable: true });
  }

  async #request<Body>(path: string, options: RequestOptions): Promise<Body> {
    return (await requestJson(this.#transport, path, options)) as Body;
  }
}

const conversationPath = (id: string) => `/v1/conversations/${encodeURIComponent(id)}`;
const runPath = (id: string) => `/v1/runs/${encodeURIComponent(id)}`;
