-- Journal of tool calls: started -> done, with the result appended for the worker in the same call. A call that is done
-- already answers its first result again; a cancelled one answers nothing.
-- KEYS 1 calls of the conversation  2 results:<conversation id>
-- ARGV 1 call id  2 entry's id field  3 result  4 ms both are kept
-- Returns the state that now holds
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local kind = string.sub(before, 1, 2)
if kind == 'c:' then
  return before
end
local result = ARGV[3]
if kind == 'd:' then
  result = string.sub(before, 3)
else
  redis.call('HSET', KEYS[1], ARGV[1], 'd:' .. result)
  redis.call('HDEL', KEYS[1], ARGV[1] .. ':questions', ARGV[1] .. ':over')
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', ARGV[2], 'payload', result)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 'd:' .. result
