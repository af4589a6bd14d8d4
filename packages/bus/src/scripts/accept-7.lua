-- Accepts a message, once: gives it a turn, appends `user_message` and `run queued`, puts the run in the inbox, or
-- where it is to be steered into a run, in the steer list that the next step of that run takes in.
-- KEYS 1 stream  2 meta  3 messages (message id -> record)  4 inbox  5 run  6 tombstone  7 steer
-- ARGV 1 message id  2 run id  3 hash of the body  4 on_busy  5 user_message payload  6 run payload  7 agent
--      8 envelope  9 trace  10 created_at  11 title  12 metadata of a conversation that is created by this
--      13 hash of agent and content  14 core | body: which hash must be the same for a message that is known
--      15 refusal of a message that stands for an unreadable one, or ''  16 entry of the work topic that it was read from, where
--      this is a delivery of it, or ''
-- Returns {accepted|duplicate, run id, status, interrupted run id or '', turn, its agent, ids of the
--       approvals that it waited for, if it has ended by this} | {conflict} | {busy, run id} | {deleted}
-- @include append-events
-- @include return-steered
-- @include insert-turn
-- @include wake
-- @include end-parked
-- @include flag-cancel
-- @include known-message
if redis.call('EXISTS', KEYS[6]) == 1 then
  return { 'deleted' }
end
local known = redis.call('HGET', KEYS[3], ARGV[1])
if known then
  return knownMessage(known, KEYS[5], ARGV[14] == 'core' and ARGV[13], ARGV[3], ARGV[16])
end
local active = redis.call('HGET', KEYS[2], 'active')
local busy = active or redis.call('LINDEX', KEYS[4], 0)
if busy and ARGV[4] == 'reject' then
  return { 'busy', busy }
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[2], 'created_at', ARGV[10], 'metadata', ARGV[12])
end
redis.call('HSETNX', KEYS[2], 'title', ARGV[11])
redis.call('HSET', KEYS[2], 'updated_at', ARGV[10])
local turn = redis.call('HINCRBY', KEYS[2], 'turn', 1)
local last = appendEvents(KEYS[1], KEYS[2], { ARGV[5], ARGV[6] }, { ARGV[1] })
local epoch, seq = string.match(last, '^(%d+)-(%d+)$')
local entry = epoch .. '-' .. string.format('%.0f', tonumber(seq) - 1)
redis.call('HSET', KEYS[3], ARGV[1], cjson.encode({ run_id = ARGV[2], hash = ARGV[3], core = ARGV[13], entry = entry }))
redis.call('HSET', KEYS[5], 'id', ARGV[2], 'message_id', ARGV[1], 'agent', ARGV[7], 'status', 'queued', 'attempt', 0, 'seq', 0,
  'turn', turn, 'created_at', ARGV[10], 'envelope', ARGV[8], 'trace', ARGV[9], 'entry', entry)
noteDelivery(KEYS[5], ARGV[16])
if ARGV[15] ~= '' then
  redis.call('HSET', KEYS[5], 'refusal', ARGV[15])
end
local interrupted, interruptedAgent, asked = '', '', ''
local activeKey = string.sub(KEYS[5], 1, -37) .. (active or '')
local of = active and redis.call('HMGET', activeKey, 'status', 'agent', 'cancel') or {}
if ARGV[4] == 'interrupt' then
  -- The active run takes no further step: what was to be steered into it waits behind this message.
  returnSteered(KEYS[7], KEYS[4])
  redis.call('LPUSH', KEYS[4], ARGV[2])
  interrupted, interruptedAgent = active or '', of[2] or ''
  if of[1] == 'requires_action' then
    asked = endParked(KEYS[1], KEYS[2], activeKey, ARGV[10])
  elseif active then
    flagCancel(KEYS[2], activeKey, 'interrupt')
  end
elseif ARGV[4] == 'steer' and of[1] == 'in_progress' and of[2] == ARGV[7] and not of[3] then
  redis.call('RPUSH', KEYS[7], ARGV[2])
else
  redis.call('RPUSH', KEYS[4], ARGV[2])
end
wake(KEYS[1], KEYS[2])
return { 'accepted', ARGV[2], 'queued', interrupted, tostring(turn), interruptedAgent, asked }
