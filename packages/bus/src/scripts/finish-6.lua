-- Ends a run, for the owner only: last events, terminal status, history and the release of the lease in one call, so
-- that event and status cannot disagree. What was to be steered into it becomes the next turn. Sent again after a lost reply it changes nothing.
-- KEYS 1 stream  2 meta  3 run  4 history  5 steer  6 inbox
-- ARGV 1 fence  2 run-sequence of the first event  3 number of events n  4..3+n payloads  4+n number of hash values m
--      then m field/value arguments for the run's hash, then history entries
-- Returns {OK, turns that wait in the inbox} | {FENCED} | {GAP, run-sequence stored}
-- @include append-events
-- @include append-as-owner
-- @include run-id-of
-- @include close-run
-- @include insert-turn
if redis.call('HGET', KEYS[3], 'finished_fence') == ARGV[1] then
  return { 'OK', tostring(redis.call('LLEN', KEYS[6])) }
end
local refusal, _, at = appendAsOwner(KEYS[1], KEYS[2], runIdOf(KEYS[3]), 1)
if refusal then
  return refusal
end
local pairsEnd = at + tonumber(ARGV[at])
for i = at + 1, pairsEnd, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
local history = {}
for i = pairsEnd + 1, #ARGV do
  history[#history + 1] = ARGV[i]
end
insertTurn(KEYS[4], redis.call('HGET', KEYS[3], 'turn'), history, false)
redis.call('HSET', KEYS[3], 'finished_fence', ARGV[1])
closeRun(KEYS[2], KEYS[3], KEYS[5], KEYS[6])
return { 'OK', tostring(redis.call('LLEN', KEYS[6])) }
