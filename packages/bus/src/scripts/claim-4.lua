-- Makes a worker the owner of the conversation's run: the active one when its owner is gone, else the head of the inbox.
-- A run whose questions humans have all decided goes on by the claim that finds it: `run in_progress` and `attempt continue`
-- are written here, because until then nobody owns it.
-- KEYS 1 meta  2 inbox  3 prefix of run keys (a run's key is this with its id)  4 stream
-- ARGV 1 owner  2 agent  3 fence of an owner known to be dead, or ''  4 now, unix ms  5 id of this claim: sent again after a
--      lost reply it gets the same answer  6 '1' when the dead owner had no other run  7 most deaths in a row of a run that is
--      taken, or ''  8 which run may be taken: any | begun | cancelled (one that has begun and has a cancel flag)
--      9 conversation id  10 now, RFC 3339
-- Returns {claimed, run id, fence, run hash as a flat list} | {held, owner, fence} | {idle}
--       | {parked}   humans have yet to decide
--       | {waiting, '1' where it has begun}   a run waits that may not be taken: nothing has changed
--       | {suspect, deaths}   its owners died too often: nothing has changed
--       | {other, agent, message id, envelope, trace}   the next turn is another agent's: nothing has changed
-- @include append-events
-- @include deaths-of
local state = redis.call('HMGET', KEYS[1], 'active', 'owner', 'fence', 'epoch', 'claim', 'lineage', 'run_seq')
local active, owner, fence, epoch = state[1], state[2] or '', state[3] or '', state[4]
if active and state[5] == ARGV[5] then
  return { 'claimed', active, fence, redis.call('HGETALL', KEYS[3] .. active) }
end
if active and owner ~= '' and fence ~= ARGV[3] then
  return { 'held', owner, fence }
end
local parked = active and redis.call('HMGET', KEYS[3] .. active, 'status', 'waits', 'steps') or {}
local isParked = parked[1] == 'requires_action'
if isParked and tonumber(parked[2] or '0') > 0 then
  return { 'parked' }
end
local runId = active or redis.call('LINDEX', KEYS[2], 0)
if not runId then
  return { 'idle' }
end
local runKey = KEYS[3] .. runId
local of = redis.call('HMGET', runKey, 'agent', 'message_id', 'envelope', 'trace')
if of[1] ~= ARGV[2] then
  return { 'other', of[1], of[2], of[3], of[4] }
end
local own = redis.call('HMGET', runKey, 'seq', 'cancel')
-- Of the active run it stands in meta, where its owners' appends keep it (see append-as-owner.lua).
local seq = active and state[7] or own[1] or '0'
if (ARGV[8] == 'begun' and not active) or (ARGV[8] == 'cancelled' and not (active and own[2])) then
  return { 'waiting', active and '1' or '' }
end
local deaths = deathsOf(runKey, active and owner ~= '' and owner ~= ARGV[1], ARGV[6] == '1', seq)
if ARGV[7] ~= '' and deaths[1] > tonumber(ARGV[7]) then
  return { 'suspect', tostring(deaths[1]) }
end
if not active then
  redis.call('LPOP', KEYS[2])
end
-- A claim that a failover lost may have had this number: only under another epoch is its fence another one.
epoch = epochOf(KEYS[1], epoch, state[6])
local number = redis.call('HINCRBY', KEYS[1], 'claims', 1)
fence = epoch .. '.' .. number
redis.call('HSET', KEYS[1], 'active', runId, 'owner', ARGV[1], 'fence', fence, 'claim', ARGV[5], 'run_seq', seq)
if own[2] then
  redis.call('HSET', KEYS[1], 'run_cancel', own[2])
else
  redis.call('HDEL', KEYS[1], 'run_cancel')
end
local attempt = redis.call('HINCRBY', runKey, 'attempt', 1)
redis.call('HSETNX', runKey, 'started_ms', ARGV[4])
redis.call('HSET', runKey, 'status', 'in_progress', 'seq', seq, 'claim_seq', seq,
  'deaths', deaths[1], 'deaths_alone', deaths[2], 'best', deaths[3], 'mark', deaths[4])
if isParked then
  redis.call('HDEL', runKey, 'waits', 'asked', 'if_cancelled')
  redis.call('HSET', runKey, 'continued', fence)
  local function event(fields)
    fields.conversation_id, fields.run_id, fields.agent = ARGV[9], runId, ARGV[2]
    fields.attempt, fields.created_at = attempt, ARGV[10]
    return cjson.encode(fields)
  end
  appendEvents(KEYS[4], KEYS[1], {
    event({ event = 'run', status = 'in_progress', message_id = of[2] }),
    event({ event = 'attempt', mode = 'continue', step = tonumber(parked[3] or '0'), keep_offset = 0, cause = 'approval' }),
  })
end
return { 'claimed', runId, fence, redis.call('HGETALL', runKey) }
