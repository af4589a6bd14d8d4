-- Journal of tool calls: absent -> started | cancelled, whoever comes first.
-- KEYS 1 calls of the conversation (call id -> state: s:<runner> | c: | d:<result>)
-- ARGV 1 call id  2 state to enter from absent
-- Returns the state that stood before, or '' when it was absent
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before then
  return before
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ''
