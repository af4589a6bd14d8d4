-- Decides an approval, once: whoever comes first.
-- KEYS 1 stream  2 meta  3 run  4 approvals
-- ARGV 1 approval id  2 approved | rejected | expired  3 `approval` event  4 now, unix ms  5 when it expires, unix ms
-- Returns {decided, how many questions of the run still wait} | {overdue} too late for a human, not yet expired
--       | {requested | approved | rejected | expired} what holds: nothing was changed | {missing}
-- @include append-events
local before = redis.call('HGET', KEYS[4], ARGV[1] .. ':status')
if not before or redis.call('EXISTS', KEYS[3]) == 0 then
  return { 'missing' }
end
if before ~= 'requested' then
  return { before }
end
local isOverdue = tonumber(ARGV[4]) >= tonumber(ARGV[5])
if ARGV[2] == 'expired' and not isOverdue then
  return { before }
end
if ARGV[2] ~= 'expired' and isOverdue then
  return { 'overdue' }
end
appendEvents(KEYS[1], KEYS[2], { ARGV[3] }, {})
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3], ARGV[1] .. ':status', ARGV[2])
return { 'decided', tostring(redis.call('HINCRBY', KEYS[3], 'waits', -1)) }
