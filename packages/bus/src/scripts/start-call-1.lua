-- Journal of tool calls: absent -> started | cancelled, whoever comes first.
-- KEYS 1 calls of the conversation (call id -> state: s:<runner> <nonce> | c: | d:<result>)
-- ARGV 1 call id  2 state to enter from absent; one that no other has, so that asking again after a lost reply gets the
--      first answer  3 ms the journal is kept
-- Returns the state that stood before, or '' when it was absent
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before and before ~= ARGV[2] then
  return before
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ''
