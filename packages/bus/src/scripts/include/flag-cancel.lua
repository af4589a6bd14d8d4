-- flagCancel(metaKey, runKey, by)
-- Tells the owner of the active run that it is cancelled: in the run's record, and in meta, where every append looks.
local function flagCancel(metaKey, runKey, by)
  redis.call('HSETNX', runKey, 'cancel', by)
  redis.call('HSETNX', metaKey, 'run_cancel', by)
end
