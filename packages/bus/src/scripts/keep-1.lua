#!lua flags=allow-oom
-- Writes a string that lapses where nobody writes it again. Also into a Redis that is full: what is there already takes no
-- more room, and who could not write it would look dead to all others.
-- KEYS 1 string
-- ARGV 1 value  2 time to live, ms
-- Returns 1
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
