-- Appends what many runs say, each for its owner only, in one call: a call of its own costs Redis nearly as much again as what it
-- does. Of several slots, so not on a Cluster. Each run is by itself: one that is refused, or fails, takes nothing from the others.
-- KEYS for each run: stream, meta
-- ARGV for each run: its id, fence, run-sequence of the first event, number of events n, n payloads
-- Returns for each run who cancelled it or '', and nil where nothing is known of what it wrote: append-3 says why.
-- @include append-events
-- @include append-as-owner
-- A log that has to be renumbered takes long, and 64 of them would keep Redis from everybody else: such a run asks alone.
nextEpoch = function()
  error('alone')
end
local replies, at = {}, 1
for key = 1, #KEYS, 2 do
  local isDone, refusal, cancelledBy = pcall(appendAsOwner, KEYS[key], KEYS[key + 1], ARGV[at], at + 1)
  replies[#replies + 1] = isDone and not refusal and cancelledBy
  at = at + 4 + tonumber(ARGV[at + 3])
end
return replies
