-- Parks a run until humans have decided, for the owner only: the questions, their events, the status and the release of the
-- lease in one call. The run stays the conversation's active one. Sent again after a lost reply it changes nothing.
-- KEYS 1 stream  2 meta  3 run  4 approvals
-- ARGV 1 fence  2 run-sequence of the first event  3 number of events n  4..3+n payloads  4+n what to write where it is cancelled meanwhile (include/end-parked)
--      then for each question: its id, its `approval` event, the call it is for
-- Returns {OK} | {CANCELLED} the run has a cancel flag: nothing was changed | {FENCED} | {GAP, run-sequence stored}
-- @include append-events
-- @include append-as-owner
-- @include run-id-of
if redis.call('HGET', KEYS[3], 'parked_fence') == ARGV[1] then
  return { 'OK' }
end
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then
  return { 'FENCED' }
end
if redis.call('HEXISTS', KEYS[3], 'cancel') == 1 then
  return { 'CANCELLED' }
end
local refusal, _, at = appendAsOwner(KEYS[1], KEYS[2], runIdOf(KEYS[3]), 1)
if refusal then
  return refusal
end
local asked = {}
for i = at + 1, #ARGV, 3 do
  local id = ARGV[i]
  asked[#asked + 1] = id
  redis.call('HSET', KEYS[4], id, ARGV[i + 1], id .. ':status', 'requested', id .. ':call', ARGV[i + 2])
end
redis.call('HSET', KEYS[3], 'status', 'requires_action', 'parked_fence', ARGV[1],
  'if_cancelled', ARGV[at], 'asked', table.concat(asked, ' '), 'waits', #asked)
-- Nobody has this fence: what its owner might still have in flight is refused.
redis.call('HSET', KEYS[2], 'owner', '', 'fence', '')
return { 'OK' }
