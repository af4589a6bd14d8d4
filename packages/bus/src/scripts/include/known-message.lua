-- knownMessage(record, runKey, core, hash, delivery) -> reply for a message that was accepted before; `record` as it stands in
-- `messages`, `runKey` of any run of the conversation, `core` or `hash` must be the same (false: not asked for), `delivery`
-- the entry of the work topic that it was read from, where this is a delivery of it, or ''
-- @include note-delivery
local function knownMessage(record, runKey, core, hash, delivery)
  local known = cjson.decode(record)
  if not (core and known.core == core or hash and known.hash == hash) then
    return { 'conflict' }
  end
  local ownKey = string.sub(runKey, 1, -37) .. known.run_id
  local run = redis.call('HMGET', ownKey, 'status', 'turn')
  if run[1] == 'queued' or run[1] == 'in_progress' or run[1] == 'requires_action' then
    noteDelivery(ownKey, delivery)
  end
  return { 'duplicate', known.run_id, run[1] or 'completed', '', run[2] or '' }
end
