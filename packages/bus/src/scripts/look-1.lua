#!lua flags=allow-oom
-- Writes what changes nothing: a server that takes it takes the beats of all others too.
-- KEYS 1 hash
-- ARGV 1 now, unix ms
-- Returns 1
redis.call('HSET', KEYS[1], 'looked', ARGV[1])
return 1
