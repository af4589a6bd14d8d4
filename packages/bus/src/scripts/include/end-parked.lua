-- endParked(streamKey, metaKey, runKey, now)
-- Ends a run that is parked: nobody owns it, so whoever cancels it writes its end. What there is to write was made by the
-- worker that parked it and lacks only the time; questions that are decided already stay as they were decided.
-- Returns the ids of its questions, separated by spaces: none of them waits any more.
-- Uses appendEvents and insertTurn.
-- @include close-run
local function endParked(streamKey, metaKey, runKey, now)
  local slot = string.sub(metaKey, 1, -5)
  local ending = cjson.decode(redis.call('HGET', runKey, 'if_cancelled'))
  local function dated(payload)
    return string.sub(payload, 1, -2) .. ',"created_at":"' .. now .. '"}'
  end
  local payloads, ids = {}, {}
  for _, approval in ipairs(ending.approvals) do
    ids[#ids + 1] = approval.id
    if redis.call('HGET', slot .. 'approvals', approval.id .. ':status') == 'requested' then
      payloads[#payloads + 1] = dated(approval.expired)
      redis.call('HSET', slot .. 'approvals', approval.id, payloads[#payloads], approval.id .. ':status', 'expired')
    end
  end
  for _, payload in ipairs(ending.events) do
    payloads[#payloads + 1] = dated(payload)
  end
  appendEvents(streamKey, metaKey, payloads)
  insertTurn(slot .. 'history', redis.call('HGET', runKey, 'turn'), ending.history, false)
  redis.call('HSET', runKey, 'status', 'cancelled', 'reason', 'cancelled', 'finished_at', now, 'usage', ending.usage)
  closeRun(metaKey, runKey, slot .. 'steer', slot .. 'inbox')
  return table.concat(ids, ' ')
end
