-- Gives a run up unfinished, for the owner only; the next claim takes it at once. Sent again it changes nothing.
-- KEYS 1 meta  2 run
-- ARGV 1 fence  2 '1' when a failure is to be counted
-- Returns {OK, failures so far} | {FENCED}
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return { 'FENCED' }
end
if redis.call('HGET', KEYS[1], 'owner') == '' then
  return { 'OK', redis.call('HGET', KEYS[2], 'failures') or '0' }
end
local failures = redis.call('HINCRBY', KEYS[2], 'failures', tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'owner', '')
return { 'OK', tostring(failures) }
