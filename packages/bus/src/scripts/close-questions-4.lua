-- Ends questions of tool calls, for the run's owner only. Of a call that has ended, what nobody answered expires, and what
-- somebody filled in is forgotten; of one that goes on, those that are named expire where nobody has decided them, and
-- everything else stays. Sent again it changes nothing.
-- KEYS 1 stream  2 meta  3 run  4 approvals
-- ARGV 1 fence  2 now, RFC 3339  3 the call, or '' for every call of the run
--      4.. where the call goes on, ids of questions of it that are over
-- Returns {OK, ids of the closed ones, separated by spaces} | {FENCED}
-- @include append-events
-- @include with-attempt
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then
  return { 'FENCED' }
end
local hasEnded, over = #ARGV == 3, {}
for at = 4, #ARGV do
  over[ARGV[at]] = true
end
local closed, left, payloads = {}, {}, {}
for id in string.gmatch(redis.call('HGET', KEYS[3], 'questions') or '', '%S+') do
  local of = redis.call('HMGET', KEYS[4], id .. ':call', id .. ':status', id .. ':expired')
  local isOther = ARGV[3] ~= '' and of[1] ~= ARGV[3]
  if isOther or not hasEnded and not (over[id] and of[2] == 'requested') then
    left[#left + 1] = id
  else
    closed[#closed + 1] = id
    if of[2] == 'requested' then
      payloads[#payloads + 1] = string.sub(withAttempt(of[3], KEYS[3]), 1, -2) .. ',"created_at":"' .. ARGV[2] .. '"}'
      redis.call('HSET', KEYS[4], id, payloads[#payloads], id .. ':status', 'expired')
    end
    redis.call('HDEL', KEYS[4], id .. ':expired', id .. ':content')
  end
end
if #closed > 0 then
  appendEvents(KEYS[1], KEYS[2], payloads)
  if #left > 0 then
    redis.call('HSET', KEYS[3], 'questions', table.concat(left, ' '))
  else
    redis.call('HDEL', KEYS[3], 'questions')
  end
end
return { 'OK', table.concat(closed, ' ') }
