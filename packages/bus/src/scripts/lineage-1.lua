-- Which history this server's data is a part of. A failover begins another one, because it may have lost the last writes.
-- A server that was restarted continues its own where it says so: an append-only file has all that was acknowledged.
-- KEYS 1 lineage record, in a slot of this server (replid, server, lineage)
-- ARGV 1 replication id of this server  2 '1' when its data can only come from its own append-only file  3 name of this server
-- Returns the lineage
local known = redis.call('HMGET', KEYS[1], 'replid', 'server', 'lineage')
if known[3] and known[1] == ARGV[1] then
  return known[3]
end
local lineage = ARGV[1]
if known[3] and ARGV[2] == '1' and known[2] == ARGV[3] then
  lineage = known[3]
end
redis.call('HSET', KEYS[1], 'replid', ARGV[1], 'server', ARGV[3], 'lineage', lineage)
return lineage
