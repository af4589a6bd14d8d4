/** The page (protocol §9). */
export const page = {
  "page.names": "Messages, box, buttons, log and connection have the names of the contract (protocol §9)",
  "page.address": "The address names a conversation from its first message on, and opens it again (protocol §9)",
  "page.servers": "The page shows how each MCP server fares, and can have one started anew (protocol §4)",
  "page.keys": "Enter sends and Shift+Enter breaks the line (protocol §9)",
  "page.early": "A message typed before the page knows its agents is sent all the same (protocol §9)",
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
} as const;
