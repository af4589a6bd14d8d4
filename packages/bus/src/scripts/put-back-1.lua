#!lua flags=allow-oom
-- Says when a member that was taken is due again. One that somebody asked for meanwhile keeps that time.
-- KEYS 1 sorted set
-- ARGV 1 member  2 the time it got when it was taken  3 due at, or '' to remove it
-- Returns 1 when done
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
