/**
 * Every promise of the contract, as data: an id and one sentence with its place in docs/protocol.md.
 * A test that verifies a promise starts its title with `[id]`; `coverage.test.ts` fails on an id that no test names and on a
 * test that names an unknown id. One area per block, so that two people rarely touch the same lines.
 */
export const requirements = {
  // Starting and stopping (protocol §7)
  "start.ready": "`npm start` runs the whole stack and prints its URL when it is ready (protocol §7.1)",
  "start.answer": "The started stack answers a message on the demo model, without any key (protocol §6.2, §7.1)",
  "start.keeps": "Conversations outlive a restart of `npm start` (protocol §7.1, issue item 9)",
  "start.stop": "Ctrl-C stops every process of the stack and exits 0 (protocol §7.1)",
  "start.ports": "A port taken by somebody else does not break `npm start` (protocol §7.1)",
  "start.killed":
    "What a killed `npm start` left behind is stopped by the next one, which keeps its data (protocol §7.1)",

  // The reader: client and page (protocol §3.3, §5)
  "client.reader": "The client's reducer applies the reader rule to the letter (protocol §3.3)",
  "client.prefix":
    "At every moment the shown text is a prefix of one sample, and it ends as the output's (protocol §3.4)",
  "client.redelivery": "Events delivered again change nothing a reader shows (protocol §3.3)",
  "client.merged": "Merged token frames show the same as single ones, from any cursor (protocol §5.2)",
  "client.compacted": "A compacted log shows the same texts, also from a cursor inside it (protocol §3.5, §5.5)",
  "client.snapshot": "Following from a snapshot's cursor continues it exactly (protocol §4)",
  "client.sse-chunks": "The client reads SSE in any chunking and with any line ends (protocol §5.2)",
  "client.follow": "The client resumes by Last-Event-ID over broken connections without loss or repeat (protocol §5.3)",
  "client.send": "The client sends a message again under the same id until it is accepted (protocol §4)",

  // The page (protocol §9)
  "page.names": "Messages, box, buttons, log and connection have the names of the contract (protocol §9)",
  "page.address": "The address names a conversation from its first message on, and opens it again (protocol §9)",
  "page.keys": "Enter sends and Shift+Enter breaks the line (protocol §9)",
  "page.stop": "Stop cancels the active run while the message box stays usable (protocol §9, §4)",
  "page.tools": "A tool call is a group named by its tool, with live output (protocol §9, §3.2)",
  "page.approval": "Approve and Reject decide a tool call (protocol §9, §4)",
  "page.restart": "The page replaces withdrawn text, and says so (protocol §3.3)",
  "page.reconnect":
    "The page loses and repeats nothing over a lost connection, and says Live, Reconnecting… or Offline (protocol §9, §5.3)",
  "page.unsent": "A message that was not accepted stays in the box and is sent again under its id (protocol §4)",
  "page.scroll": "The page follows an answer only while the reader is at its end",
  "page.narrow": "The page fits 360 px without scrolling sideways, dark and light (protocol §9)",
  "page.unsafe": "Nothing in a model's text runs, or loads anything, on the page",

  // The contract itself (docs/protocol.md)
  "protocol.doc": "docs/protocol.md and the schemas name the same fields (protocol §2, §3)",
  "log.uuid": "An event's UUID is arithmetic on its entry id (protocol §3.1)",
  "config.example": "The documented configuration is valid (protocol §6.1)",
  "config.defaults": "A configuration needs no more than an agent and its model (protocol §6.1)",
  "config.refused": "A wrong configuration is refused with the place of the mistake (protocol §6.1)",
  "config.paste": "MCP configurations of other hosts paste unchanged (protocol §6.1)",
  "envelope.bare": "An envelope written by hand needs only the conversation and the content (protocol §2.2)",
  "envelope.refused": "What is no envelope is refused (protocol §2.4)",

  // Accepting, ordering and owning runs (protocol §2, §3, §4)
  "accept.once": "The same message again is one run and one turn (protocol §2.2, §4)",
  "accept.conflict": "The same id with another body is refused (protocol §4)",
  "accept.published": "An accepted message stands in `chat:<conversation>` and `chat:<agent>` (protocol §2)",
  "chat.answer": "`chat:<conversation>` gets the answer of every completed run, at least once (protocol §2)",
  "outbox.sweep": "An accepted turn whose queue entry was never written is queued by the sweep (protocol §2.5)",
  "on-busy.reject": "`on_busy: reject` refuses a message while a run is active (protocol §4)",
  "log.ids": "Event ids are `<epoch>-<seq>`, contiguous from 1, and an event's UUID follows from them (protocol §3.1)",
  "log.live": "What is delivered live is what is stored (protocol §3.1)",
  "run.one-owner": "One live worker owns a run; a dead one's is taken over and it can write no more (protocol §2.6)",
  "run.one-ending": "Output and terminal event are one append, exactly one per run (protocol §3.2)",
  "turns.in-order": "The turns of a conversation run one at a time, in order (protocol §2)",
  "takeover.journal": "A takeover has the finished steps and tool results (protocol §3.4)",
  "cancel.before-worker": "A run that no worker has can be cancelled (protocol §4)",
  "cancel.running": "Cancel is a durable flag that the owner obeys, bell or not (protocol §2.7)",
  "conversation.delete": "A deleted conversation leaves a tombstone only, and nobody writes to it (protocol §4)",
  "snapshot.instant": "A snapshot is one instant of the conversation (protocol §4)",
  "queue.bare-xadd": "Entries put in a work topic before any group existed are read (protocol §2.2)",
  "queue.takeover": "A dead consumer's entries go to a living one (protocol §2.3)",
  "dlq.entry": "What is given up on stands in `dlq:<topic>` as received, with the reason (protocol §2.4)",
  "tool.once": "A tool call starts once and answers with one result (protocol §2.7)",
  "tool.terminal": "A terminal call runs a real command, with live output and one result (protocol §2.7)",
  "tool.mcp": "An MCP call reaches a real server; a broken server beside it hides nothing (protocol §2.7, §4)",
  "tool.no-repeat": "The same call again executes nothing and has the same result (protocol §2.7)",
  "tool.cancel": "A cancel ends a running command (protocol §2.7)",
  "tool.unknown": "A call whose runner was killed ends `unknown` and is not repeated (protocol §2.7)",
  "tool.give-up": "A call is either given up or started, never both (protocol §2.7)",

  // Every service: configuration, exit codes, admin port, telemetry (protocol §6, §7.2, §8)
  "config.lines": "Every problem of the configuration file is printed with its line (protocol §6.1)",
  "config.variables": "`${VAR}` and `${VAR:-default}` are expanded in strings (protocol §6.1)",
  "config.secret-files": "A secret may be given as `<NAME>_FILE` (protocol §6.2)",
  "exit.drained": "A process exits 0 on SIGTERM after draining (protocol §7.2)",
  "exit.second-signal": "A process exits 1 on a second signal (protocol §7.2)",
  "exit.overdue": "A process exits 1 past the time allowed for shutdown (protocol §7.2)",
  "exit.config": "A process exits 78 on bad configuration, with every problem printed (protocol §6.1, §7.2)",
  "admin.routes": "Every service answers health, readiness and metrics on its admin port (protocol §6.2)",
  "admin.ready": "Readiness is 503 with the failing checks while health stays 200 (protocol §4)",
  "log.keys": "Log lines are JSON with the stable keys (protocol §8.1)",
  "log.secrets": "Log lines never show a secret (protocol §8.1)",
  "trace.carried": "A trace goes on in another process by `traceparent` (protocol §8.2)",
  "metrics.names": "The counters and gauges of the contract exist with their labels (protocol §8.3)",

  // Terminal (protocol §2.7, §6.1; docs/security.md)
  "terminal.split": "A command line is split as CPython's shlex.split does (protocol §2.7)",
  "terminal.no-shell": "No shell is ever started (protocol §2.7)",
  "terminal.pin": "Allowed names mean files of the system, found once at start, whatever PATH says (protocol §6.1)",
  "terminal.launchers": "Commands that start others need a kernel sandbox (protocol §2.7)",
  "terminal.env": "A tool's environment is minimal, plus allowed names (protocol §6.1)",
  "terminal.cwd": "A working directory outside the workspace is refused, by link, by `..` or by name (protocol §6.1)",
  "terminal.timeout": "At the timeout the whole process group ends (protocol §2.7, §6.1)",
  "terminal.cap": "Output is capped on raw bytes, and exactly the cap is not truncated (protocol §6.1)",
  "terminal.text": "What the model reads has no escape sequences, control or bidi characters (protocol §2.7)",
  "terminal.live": "Live output comes in at most ten pieces a second and loses nothing (protocol §2.7)",
  "terminal.cancel": "A cancelled command ends with everything it started (protocol §2.7)",
  "terminal.never-root": "A tool never runs as root (protocol §7.3)",
  "terminal.rlimits": "At T1 a tool has resource limits and cannot gain privileges (protocol §7.3)",
  "terminal.descriptors": "A tool inherits nothing but its standard streams (protocol §2.7)",
  "terminal.min-tier": "Below the required tier the terminal is not offered and every call is denied (protocol §2.7)",
  "terminal.leaks": "Two hundred commands leave no descriptor, process or file behind (protocol §7.4)",
  "terminal.box": "exec.ts runs one command without Redis: one JSON object in, one out (protocol §7.2)",
} as const;
