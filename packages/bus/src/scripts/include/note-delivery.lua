-- noteDelivery(runKey, delivery)
local function noteDelivery(runKey, delivery)
  if delivery ~= '' then
    redis.call('HSET', runKey, 'source_id', delivery)
    redis.call('HINCRBY', runKey, 'deliveries', 1)
  end
end
