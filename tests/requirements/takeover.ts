/** Workers that die (protocol §2.3, §2.4). */
export const takeover = {
  "deaths.counted":
    "Deaths of a run's owners are counted, and apart those of owners that had no other run (protocol §2.4)",
  "deaths.progress": "Deaths are counted anew when the run got further (protocol §2.4)",
  "deaths.suspect":
    "A run whose owners died is handed out with care, and waiting for that costs it nothing (protocol §2.4)",

  "worker.poison": "A message that kills its worker each time ends failed and in the dead letters (protocol §2.4)",
  "worker.poison-alone": "A message that kills its workers takes no other message along (protocol §2.4)",
  "stranded.queued": "A run that nobody would ever work on is queued again (protocol §2.3)",
  "stranded.drain": "A draining agent's queue does not grow by looking for stranded runs (protocol §2.7)",
  "stranded.backlog":
    "A run that nobody would ever work on is found although its agent's queue is never empty (protocol §2.3)",
  "stranded.deleted": "A run whose entry was deleted unread is queued again (protocol §2.3)",
  "stranded.owned": "A run with a living owner is never queued again (protocol §2.3)",
  "worker.stranded": "A run whose queue entry was lost is worked on all the same (protocol §2.3, §3.4)",
  "worker.drain-takeover": "A draining agent's run is finished although its worker dies (protocol §2.7, §3.4)",
  "worker.drain-approved": "A run that is approved while its agent drains goes on (protocol §2.7)",
  "worker.pause-cancel":
    "A cancelled run ends at once, also where its agent is paused and its worker dead (protocol §2.6)",
  "worker.pause-takeover": "A paused agent's run whose worker died waits for the resume (protocol §2.7)",
} as const;
