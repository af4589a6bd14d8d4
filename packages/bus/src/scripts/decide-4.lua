-- Decides an approval, once: whoever comes first.
-- KEYS 1 stream  2 meta  3 run  4 approvals
-- ARGV 1 approval id  2 approved | rejected | expired  3 `approval` event  4 now, unix ms  5 when it expires, unix ms
--      6 of a question: what was filled in, JSON, or ''  7 a digest of that, to know it again, or ''
-- Returns {decided, how many questions of the run still wait} | {overdue} too late for a human, not yet expired
--       | {requested | approved | rejected | expired, the digest} what holds: nothing was changed | {missing}
-- @include append-events
-- @include with-attempt
local before = redis.call('HGET', KEYS[4], ARGV[1] .. ':status')
if not before or redis.call('EXISTS', KEYS[3]) == 0 then
  return { 'missing' }
end
if before ~= 'requested' then
  return { before, redis.call('HGET', KEYS[4], ARGV[1] .. ':digest') or '' }
end
local isOverdue = tonumber(ARGV[4]) >= tonumber(ARGV[5])
if ARGV[2] == 'expired' and not isOverdue then
  return { before, '' }
end
if ARGV[2] ~= 'expired' and isOverdue then
  return { 'overdue' }
end
local event = withAttempt(ARGV[3], KEYS[3])
appendEvents(KEYS[1], KEYS[2], { event })
redis.call('HSET', KEYS[4], ARGV[1], event, ARGV[1] .. ':status', ARGV[2])
if redis.call('HGET', KEYS[4], ARGV[1] .. ':kind') == 'question' then
  -- Its run is not parked: the call that asks waits for it, wherever it runs.
  if ARGV[6] ~= '' then
    redis.call('HSET', KEYS[4], ARGV[1] .. ':content', ARGV[6], ARGV[1] .. ':digest', ARGV[7])
  end
  return { 'decided', '1' }
end
return { 'decided', tostring(redis.call('HINCRBY', KEYS[3], 'waits', -1)) }
