#!lua flags=allow-oom
-- Acts on an entry of a work topic only while it is pending to this consumer: one that was slow may have lost it.
-- KEYS 1 topic
-- ARGV 1 group  2 consumer  3 entry id  4 ack | keep | hand_over | give  5 whose it is then, where it is
--      handed over (to be taken by anybody) or given (to be worked on by this one)
-- Returns 1 when done, 0 when the entry is another's or gone
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #pending == 0 then
  return 0
end
if ARGV[4] == 'ack' then
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
  redis.call('XDEL', KEYS[1], ARGV[3])
elseif ARGV[4] == 'keep' or ARGV[4] == 'give' then
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[5], 0, ARGV[3], 'JUSTID')
else
  -- As old as this, nobody takes it for fresh.
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[5], 0, ARGV[3], 'IDLE', 3600000, 'JUSTID')
end
return 1
