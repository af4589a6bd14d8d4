-- Creates a conversation unless it exists.
-- KEYS 1 meta  2 tombstone
-- ARGV 1 created_at  2 metadata  3 id of this request: sent again after a lost reply it gets the same answer
-- Returns {created|exists, created_at, metadata} | {deleted}
if redis.call('EXISTS', KEYS[2]) == 1 then
  return { 'deleted' }
end
local known = redis.call('HMGET', KEYS[1], 'created_at', 'metadata', 'creation')
if known[1] then
  return { known[3] == ARGV[3] and 'created' or 'exists', known[1], known[2] }
end
redis.call('HSET', KEYS[1], 'created_at', ARGV[1], 'metadata', ARGV[2], 'updated_at', ARGV[1], 'creation', ARGV[3])
return { 'created', ARGV[1], ARGV[2] }
