-- Answers the state an agent is in, taking in what others put into its topic since the last look: a command that an operator
-- appends by hand counts as much as one that came over HTTP. The newest command wins, whoever looks when.
-- KEYS 1 control:<agent>  2 {control:<agent>}:state (state, command, by, entry, announced, seen: newest entry looked at)
-- ARGV 1.. pairs of a command and the state it makes
-- Returns the state, or '' where there was never a command
-- @include entry-order
local stateAfter = {}
for i = 1, #ARGV, 2 do
  stateAfter[ARGV[i]] = ARGV[i + 1]
end
local known = redis.call('HMGET', KEYS[2], 'state', 'entry', 'seen')
local state, inForce, seen = known[1], known[2] or '0-0', known[3]
local fresh = redis.call('XRANGE', KEYS[1], seen and '(' .. seen or '-', '+')
for _, entry in ipairs(fresh) do
  local fields = {}
  for i = 1, #entry[2], 2 do
    fields[entry[2][i]] = entry[2][i + 1]
  end
  local isRead, command = pcall(cjson.decode, fields.payload or '')
  local after = isRead and type(command) == 'table' and type(command.by) == 'string' and stateAfter[command.type]
  if after and isNewerEntry(entry[1], inForce) then
    state, inForce = after, entry[1]
    redis.call('HSET', KEYS[2], 'state', state, 'command', command.type, 'by', command.by, 'entry', inForce)
  end
end
if #fresh > 0 then
  redis.call('HSET', KEYS[2], 'seen', fresh[#fresh][1])
end
return state or ''
