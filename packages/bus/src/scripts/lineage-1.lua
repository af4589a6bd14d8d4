-- Which history this server's data is a part of. A failover begins another one, because it may have lost the last writes.
-- A server that was restarted continues its own where it says so: an append-only file has all that was acknowledged.
-- KEYS 1 lineage record, in a slot of this server (replid, server, lineage, process, met_ms)
-- ARGV 1 replication id of this server  2 '1' when its data can only come from its own append-only file  3 name of this server
--      4 id of its process
-- Returns {lineage, ms since the first of us met this process with data that another one wrote before, or ''}
local known = redis.call('HMGET', KEYS[1], 'replid', 'server', 'lineage', 'process', 'met_ms')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local metMs = tonumber(known[5] or '')
if known[4] ~= ARGV[4] then
  metMs = known[3] and now
  redis.call('HSET', KEYS[1], 'process', ARGV[4], 'met_ms', metMs or '')
end
local sinceMs = metMs and math.max(0, now - metMs) or ''
if known[3] and known[1] == ARGV[1] then
  return { known[3], sinceMs }
end
local lineage = ARGV[1]
if known[3] and ARGV[2] == '1' and known[2] == ARGV[3] then
  lineage = known[3]
end
redis.call('HSET', KEYS[1], 'replid', ARGV[1], 'server', ARGV[3], 'lineage', lineage)
return { lineage, sinceMs }
