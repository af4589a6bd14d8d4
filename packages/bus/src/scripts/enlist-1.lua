#!lua flags=allow-oom
-- Enters a member into an index of what `keep` writes, for the same reason also where Redis is full.
-- KEYS 1 sorted set, or set where no score is given
-- ARGV 1 member  2 score, or ''
-- Returns 1
if ARGV[2] == '' then
  redis.call('SADD', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
return 1
