-- Begins a new epoch of a log, for somebody who knows an event that the log has lost (data that came back from a backup, or
-- after a loss of power). Whoever comes second finds the epoch raised and changes nothing.
-- KEYS 1 meta  2 stream
-- ARGV 1 epoch and  2 seq of the newest event that was known
-- Returns {raised, epoch} | {kept}
-- @include epoch
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if head[1] ~= ARGV[1] or tonumber(head[2] or '0') >= tonumber(ARGV[2]) then
  return { 'kept' }
end
return { 'raised', nextEpoch(KEYS[1], head[1]) }
