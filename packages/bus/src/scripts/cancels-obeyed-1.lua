-- The runs that an agent's cancels name are flagged, up to this entry of its topic. The mark never goes back: another process
-- may have come further.
-- KEYS 1 {control:<agent>}:state (cancels_obeyed)
-- ARGV 1 entry id
-- Returns {the mark that now stands}
-- @include entry-order
local mark = redis.call('HGET', KEYS[1], 'cancels_obeyed')
if not mark or isNewerEntry(ARGV[1], mark) then
  mark = ARGV[1]
  redis.call('HSET', KEYS[1], 'cancels_obeyed', mark)
end
return { mark }
