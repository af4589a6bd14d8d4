-- Appends the event of a command, which belongs to no run's owner, while the run is unfinished. A conversation is told of a
-- command once, and of none older than it knows.
-- KEYS 1 stream  2 meta  3 run
-- ARGV 1 payload  2 field of meta that remembers the newest command it knows  3 the command's entry id
-- Returns {OK} | {ended}
-- @include append-events
-- @include entry-order
local status = redis.call('HGET', KEYS[3], 'status')
if status ~= 'queued' and status ~= 'in_progress' and status ~= 'requires_action' then
  return { 'ended' }
end
local known = redis.call('HGET', KEYS[2], ARGV[2])
if known and not isNewerEntry(ARGV[3], known) then
  return { 'OK' }
end
appendEvents(KEYS[1], KEYS[2], { ARGV[1] })
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return { 'OK' }
