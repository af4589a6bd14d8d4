-- wake(streamKey, metaKey): takes away the time to live that `rest` gave. A conversation at work never expires.
local function wake(streamKey, metaKey)
  local prefix = string.sub(metaKey, 1, -5)
  for _, key in ipairs({ streamKey, metaKey, prefix .. 'messages', prefix .. 'inbox', prefix .. 'history', prefix .. 'approvals' }) do
    redis.call('PERSIST', key)
  end
end
