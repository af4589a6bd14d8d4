-- Asks a human on behalf of a tool call that runs, for the run's owner only: the record and its event in one call. The run
-- goes on as it was. A question that was asked before, by whichever owner, is asked no more.
-- KEYS 1 stream  2 meta  3 run  4 approvals
-- ARGV 1 fence  2 approval id  3 `approval` event  4 the same as `expired`, without its time  5 the call that asks
-- Returns {OK} | {CANCELLED} the run has a cancel flag: nothing was changed | {FENCED}
-- @include append-events
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then
  return { 'FENCED' }
end
local id = ARGV[2]
if redis.call('HEXISTS', KEYS[4], id .. ':status') == 1 then
  return { 'OK' }
end
if redis.call('HEXISTS', KEYS[3], 'cancel') == 1 then
  return { 'CANCELLED' }
end
appendEvents(KEYS[1], KEYS[2], { ARGV[3] })
redis.call('HSET', KEYS[4], id, ARGV[3], id .. ':status', 'requested', id .. ':call', ARGV[5], id .. ':kind', 'question',
  id .. ':expired', ARGV[4])
local open = redis.call('HGET', KEYS[3], 'questions')
redis.call('HSET', KEYS[3], 'questions', open and open .. ' ' .. id or id)
return { 'OK' }
