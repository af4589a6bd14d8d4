/** Accepting, ordering and owning runs (protocol §2, §3, §4). */
export const runs = {
  "accept.once": "The same message again is one run and one turn (protocol §2.2, §4)",
  "accept.note-first": "Nothing is accepted before its note stands in the outbox (protocol §2.5, §3.4)",
  "accept.conflict": "The same id with another body is refused (protocol §4)",
  "accept.published": "An accepted message stands in `chat:<conversation>` and `chat:<agent>` (protocol §2)",
  "chat.answer": "`chat:<conversation>` gets the answer of every completed run, at least once (protocol §2)",
  "failover.answer":
    "A primary killed in the middle of an answer costs a pause: the reader ends with exactly the output, once (protocol §3.4)",
  "failover.replicated": "What was answered to a client, or is about to be acted on, is on a replica (protocol §3.4)",
  "failover.pointers":
    "What leads to a question from elsewhere is on a replica before its run waits for humans (protocol §3.4)",
  "cluster.reshard": "A slot of a Cluster that moves to another server costs a pause (protocol §2.5)",
  "failover.control": "A pause that was answered is not forgotten in a failover (protocol §2.7, §3.4)",
  "failover.letter": "A dead letter is on a replica before the run forgets that it owed it (protocol §2.4, §3.4)",
  "failover.asked-again":
    "What a script changed is known also where a failover makes it be asked twice (protocol §3.4)",
  "failover.exact": "A failover of Redis loses no event of a running run, and begins another epoch (protocol §3.4)",
  "failover.lost-tail":
    "What a failover lost of a running run is written again, and no entry id is given to another event (protocol §3.1)",
  "failover.restart": "A restart of Redis that lost nothing goes on under the same epoch (protocol §3.1)",
  "outbox.sweep": "An accepted turn whose queue entry was never written is queued by the sweep (protocol §2.5)",
  "outbox.conversation":
    "A message that was accepted and not published is published in `chat:<conversation>` whatever became of it (protocol §2)",
  "outbox.bad-note": "Work left behind that cannot be done keeps no other work waiting (protocol §3.4)",
  "outbox.put-again": "Whoever takes a note away leaves the one that another put meanwhile (protocol §2.5)",
  "on-busy.reject": "`on_busy: reject` refuses a message while a run is active (protocol §4)",
  "append.model":
    "The append script stores every event once and in order, whatever is sent again, left out or sent too late (protocol §3.1, §3.4)",
  "turns.model":
    "Whatever is accepted, claimed, steered, ended, cancelled and dies in whatever order: one end each, in order, one owner (protocol §3.4)",
  "steer.accept":
    "`on_busy: steer` steers only into a run of its agent that is in progress, else it waits (protocol §4)",
  "steer.once":
    "A message is steered in once, whoever dies when, and its run ends `completed`, `steered` (protocol §4)",
  "steer.leftover": "What no step took in goes to the head of the inbox, in order (protocol §4)",
  "steer.interrupt": "A message that interrupts comes before what was to be steered in (protocol §4)",
  "steer.cancel": "A message can be cancelled until it was steered in (protocol §4)",
  "steer.snapshot": "A steered message stands in the history where it was heard (protocol §4)",
  "log.ids": "Event ids are `<epoch>-<seq>`, contiguous from 1, and an event's UUID follows from them (protocol §3.1)",
  "log.one-epoch": "A log that begins another epoch has it in every entry, each in its old place (protocol §3.1, §5.5)",
  "log.live": "What is delivered live is what is stored (protocol §3.1)",
  "log.silence":
    "A live subscription that died in silence is noticed and begun anew, and its readers read what they missed (protocol §3.1)",
  "run.one-owner": "One live worker owns a run; a dead one's is taken over and it can write no more (protocol §2.6)",
  "run.claim-ends": "A claim that failed is no longer under way: what follows does not meet it (protocol §2.3)",
  "run.claim-again": "A claim whose reply was lost holds no conversation up (protocol §2.3)",
  "append.shared": "What many runs say leaves in one call, each run's whole and in order",
  "append.each-alone": "A run whose write is refused or fails takes nothing from those that share its call",
  "append.lost-reply":
    "A shared call that was lost, or its answer, is asked again by each run, and nothing is written twice",
  "append.renumber-alone": "A log that has to be renumbered after a failover is renumbered in a call of its own",
  "append.shared-cancel": "A cancel is noticed with the next thing that is said (protocol §4.1)",
  "run.flush": "What a run says while a write is on its way is in the log before its end is (protocol §3.2)",
  "run.no-hole": "After a write that failed a run's owner writes nothing more: the log has no hole (protocol §3.2)",
  "run.failed-write": "A run whose write failed is given up all the same, and counts as failed (protocol §2.4)",
  "run.one-ending": "Output and terminal event are one append, exactly one per run (protocol §3.2)",
  "turns.in-order": "The turns of a conversation run one at a time, in order (protocol §2)",
  "takeover.journal": "A takeover has the finished steps and tool results (protocol §3.4)",
  "cancel.before-worker": "A run that no worker has can be cancelled (protocol §4)",
  "cancel.odd-words": "A waiting message is cancelled whatever its words and metadata are (protocol §2.2, §4)",
  "cancel.wake": "A cancel sent again does what the first one died before: the next turn begins (protocol §2.5)",
  "cancel.turn-order":
    "The snapshot, the history and the model's input have a turn that was cancelled while it waited where it was accepted (protocol §4)",
  "cancel.running": "Cancel is a durable flag that the owner obeys, bell or not (protocol §2.7)",
  "conversation.delete-bell": "`DELETE` rings for the run at work only: it crowds out no command (protocol §2.7, §4)",
  "conversation.create-resent":
    "A conversation whose creation was heard only when it was sent again is 201, and is looked after like any other (protocol §4)",
  "conversation.delete-resent":
    "A `DELETE` of which Redis was heard only when it was sent again is 204, and leaves as little behind (protocol §3.4, §4)",
  "conversation.delete": "A deleted conversation leaves a tombstone only, and nobody writes to it (protocol §4)",
  "snapshot.instant": "A snapshot is one instant of the conversation (protocol §4)",
  "queue.bare-xadd": "Entries put in a work topic before any group existed are read (protocol §2.2)",
  "presence.rest": "A Redis that was away makes nobody take living processes for dead (protocol §3.4)",
  "presence.rest-newcomer":
    "Who starts just after Redis was away takes nobody for dead who has yet to come back to it (protocol §3.4)",
  "presence.full": "A Redis whose memory is used up makes nobody take living processes for dead (protocol §3.4)",
  "presence.refused":
    "A Redis that refused writes for a while makes nobody take living processes for dead (protocol §3.4)",
  "catalog.starting":
    "Tools that one runner has ready are offered while another starts them, or fails to (protocol §4)",
  "catalog.full": "A Redis whose memory is used up does not forget the tools that are offered (protocol §3.4)",
  "dlq.owed":
    "A message that is given up stands in the dead letters also where its worker dies right after the run's end (protocol §2.4)",
  "dlq.source": "A dead letter names its source entry and how often that was delivered (protocol §2.4)",
  "queue.not-mine": "A consumer that lost an entry can do nothing to it any more (protocol §2.3)",
  "queue.takeover": "A dead consumer's entries go to a living one (protocol §2.3)",
  "queue.few-places": "A consumer with few free places takes no more entries than it has places for (protocol §2.3)",
  "queue.once":
    "An entry is worked on once in a process that may see it in two ways, after Redis was away: what works on it second would acknowledge it (protocol §2.3)",
  "queue.unseen":
    "What was made pending to a consumer by a command whose reply was lost is found by it, and waits for no sweep (protocol §2.3)",
  "stranded.unheard": "A look for stranded runs whose reply was lost finds them at once (protocol §3.4)",
  "queue.backstop": "An entry that its living owner does not keep goes to another (protocol §2.3)",
  "queue.names":
    "A consumer that stopped or died leaves no name in its group, unless an entry is pending to it (protocol §2.3)",
  "queue.handover": "What a stopping consumer hands over goes to another at once (protocol §2.3, §7.2)",
  "dlq.entry": "What is given up on stands in `dlq:<topic>` as received, with the reason (protocol §2.4)",
  "dlq.list": "Dead letters can be listed, page by page (protocol §4)",
  "dlq.redrive": "A redriven message whose run ended starts a new run, reason `redriven` (protocol §4)",
  "dlq.redrive-resent":
    "A redrive of which Redis was heard only when it was sent again names the new run (protocol §4)",
  "dlq.redrive-delete": "`DELETE` removes a redriven message's earlier runs as well (protocol §4)",
  "dlq.once":
    "An entry given up on has one dead letter, also where Redis was heard only when it was sent again: redriven, it is answered once (protocol §2.4, §4)",
  "dlq.delete-resent":
    "A dead letter whose removal was heard only when it was sent again counts as removed (protocol §4)",
  "dlq.delete": "A dead letter can be deleted (protocol §4)",
  "control.durable": "An agent's state outlives every process (protocol §2.7, §4)",
  "control.bare": "A command put into `control:<agent>` by hand counts as much as any other (protocol §2.7)",
  "control.reload-event": "A `reload` is told once to every conversation it concerns (protocol §3.2)",
  "reload.agents":
    "`reload` makes every service read agents and MCP servers again; runs at work keep theirs (protocol §2.7)",
  "reload.removed": "An agent taken out of the file is no longer served, until it is back (protocol §2.7)",
  "reload.invalid":
    "An invalid file keeps the old configuration, and every mistake is logged with its line (protocol §2.7, §6.1)",
  "control.event-crash": "What a worker died telling of a command is told on, to nobody twice (protocol §3.2)",
  "control.event": "A `control` event tells every conversation with an unfinished run, once (protocol §3.2)",
  "tool.once": "A tool call starts once and answers with one result (protocol §2.7)",
  "tool.terminal": "A terminal call runs a real command, with live output and one result (protocol §2.7)",
  "tool.denied": "An agent has the tools that its patterns name, but those that one with `!` names (protocol §6.1)",
  "tool.restart": "A tool-runner starts an MCP server anew when it is told to (protocol §2.7)",
  "tool.mcp": "An MCP call reaches a real server; a broken server beside it hides nothing (protocol §2.7, §4)",
  "tool.no-repeat": "The same call again executes nothing and has the same result (protocol §2.7)",
  "tool.cancel": "A cancel ends a running command (protocol §2.7)",
  "tool.unknown": "A call whose runner was killed ends `unknown` and is not repeated (protocol §2.7)",
  "tool.paused-places":
    "Calls of a paused agent keep no other agent's calls waiting; they begin after the resume, unless they are given up (protocol §2.7)",
  "tool.paused-reclaimed":
    "A paused agent's call that has not begun outlives its tool-runner, killed or stopped (protocol §2.7)",
  "tool.late-read": "A tool-runner that stops begins no call any more, and loses none (protocol §2.7, §7.2)",
  "tool.broken-handling":
    "A call that a tool-runner has taken and cannot begin ends failed, and not never (protocol §2.7)",
  "tool.late-runner": "A runner that was only slow still answers for the call that it began (protocol §2.7)",
  "tool.reclaimed":
    "What a dead runner had begun is told unknown, whatever waits; what it had not is run once (protocol §2.7)",
  "tool.deleted-during":
    "A call that goes on while its conversation is deleted leaves nothing behind, and live output has an end (protocol §3.5, §4)",
  "tool.deleted": "No call of a deleted conversation begins (protocol §4)",
  "tool.unserved": "A call whose toolset no living tool-runner serves fails after a short wait (protocol §2.7)",
  "tool.output-once":
    "Live output is shown once, also where its runner's connection broke while it said it (protocol §2.7)",
  "tool.give-up": "A call is either given up or started, never both (protocol §2.7)",
} as const;
