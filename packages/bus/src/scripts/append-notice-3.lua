-- Appends an event that belongs to no run's owner, while the run is unfinished.
-- KEYS 1 stream  2 meta  3 run
-- ARGV 1 payload
-- Returns {OK} | {ended}
-- @include append-events
local status = redis.call('HGET', KEYS[3], 'status')
if status ~= 'queued' and status ~= 'in_progress' and status ~= 'requires_action' then
  return { 'ended' }
end
appendEvents(KEYS[1], KEYS[2], { ARGV[1] }, {})
return { 'OK' }
