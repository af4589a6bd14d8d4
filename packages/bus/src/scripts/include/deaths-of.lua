-- deathsOf(runKey, hasVanished, wasAlone, seq) -> {deaths, alone, best, mark} as they are to be stored; writes nothing
-- Counts the deaths of owners in a row. `deaths` begins anew where the attempt finished a step or got a result, or showed
-- more than any before; `alone`, of owners that had no other run, where it showed anything at all. `best` and `mark` are
-- what to beat: the most events of an attempt, and the number of finished steps and results.
local BOOKKEEPING = 2 -- an attempt that only announces itself: run in_progress, attempt
local function deathsOf(runKey, hasVanished, wasAlone, seq)
  local run = redis.call('HMGET', runKey, 'deaths', 'deaths_alone', 'best', 'mark', 'claim_seq')
  local deaths, alone = tonumber(run[1] or '0'), tonumber(run[2] or '0')
  local best, mark = tonumber(run[3] or BOOKKEEPING), tonumber(run[4] or '0')
  if not hasVanished then
    return { deaths, alone, best, mark }
  end
  local events = tonumber(seq) - tonumber(run[5] or '0')
  local finished = 0
  for _, field in ipairs(redis.call('HKEYS', runKey)) do
    if string.sub(field, 1, 7) == 'j:step:' or string.sub(field, 1, 9) == 'j:result:' then
      finished = finished + 1
    end
  end
  if finished > mark then
    return { 0, 0, BOOKKEEPING, finished }
  end
  alone = events > BOOKKEEPING and 0 or alone + (wasAlone and 1 or 0)
  if events > best then
    return { 0, alone, events, mark }
  end
  return { deaths + 1, alone, best, mark }
end
