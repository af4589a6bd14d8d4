-- All conversations know of a command.
-- KEYS 1 {control:<agent>}:state
-- ARGV 1 'state' | 'reload'  2 the command's entry id
redis.call('HSET', KEYS[1], ARGV[1] == 'reload' and 'reload_announced' or 'announced', ARGV[2])
redis.call('HDEL', KEYS[1], 'telling_until')
return { 'OK' }
