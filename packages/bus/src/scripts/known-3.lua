-- Finds a message that was read from a work topic among those that were accepted: the usual case, and a short one.
-- KEYS 1 tombstone  2 messages (message id -> record)  3 run
-- ARGV 1 message id  2 hash of agent and content  3 hash of the body  4 entry that this is a delivery of, or ''
-- Returns {unknown} | {deleted} | {conflict} | {duplicate, run id, status, '', turn}
-- @include known-message
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'deleted' }
end
local known = redis.call('HGET', KEYS[2], ARGV[1])
if not known then
  return { 'unknown' }
end
return knownMessage(known, KEYS[3], ARGV[2], ARGV[3], ARGV[4])
