-- Gives an agent a command: the state that outlives every process, and the bell that makes them look.
-- KEYS 1 control:<agent>  2 {control:<agent>}:state (state, command, by, entry: id of the command in force, announced)
-- ARGV 1 id field of the entry  2 payload  3 state to enter, or '' to leave it  4 command  5 by
-- Returns the entry's id
local entry = redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000, '*', 'id', ARGV[1], 'payload', ARGV[2])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[2], 'state', ARGV[3], 'command', ARGV[4], 'by', ARGV[5], 'entry', entry)
end
return entry
