#!lua flags=allow-oom
-- Takes members of a sorted set that are due, for one caller: until then nobody else finds them due.
-- KEYS 1 sorted set of members by the time they are due
-- ARGV 1 due until  2 due again at, of no other call: sent again after a lost reply it gets the same members  3 at most so many
-- Returns the members
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[2])
if #taken > 0 then
  return taken
end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], member)
end
return due
