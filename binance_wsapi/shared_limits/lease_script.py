"""The script that Redis runs to lease parts of the windows, whole or not at all.

For each window of a book stands a hash: ``g:ID`` is what a member holds, ``d:ID`` what of that is known to be handled,
and ``F`` what others use, who are no members: the count that the exchange told, less what all members had handled.
What is used is the sum of what the living hold, of what the dead had handled, and of ``F``.

Half of a window is promised to the busy members in equal parts. The rest goes to who asks first, in parts that
grow smaller as less is left.

A server that lost everything, or was away, knows neither what the living hold nor what the dead have used. Until
those whom a returning member knew have said so, or would be dead, nobody gets more than it holds, and no sooner than
the exchange's counts have told the rest. Where nobody knows of others, a book that is new gives one part in 8 to
each who comes for as long.
"""

from __future__ import annotations

__all__ = ["LEASE"]

LEASE = """
local id, ttl, expected, is_back = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, id)
redis.call('PEXPIRE', KEYS[1], ttl * 2)
local living, members = {}, 0
for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    living[each] = true
    members = members + 1
end
local since = tonumber(redis.call('GET', KEYS[3]) or now)
redis.call('SET', KEYS[3], since, 'EX', 86400)
-- Who knows how many there were before the server was away, or forgot it, knows that they come back, too.
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
if expected > members and expected > known and (is_back or now < since + ttl) then
    redis.call('SET', KEYS[2], expected, 'PX', ttl + 1000)
    known = expected
end
-- The busy ones are so in a window, too, for which they have not asked yet.
local others_busy = {}
if #KEYS > 4 then redis.call('HSET', KEYS[4], id, ARGV[9]) end
redis.call('PEXPIRE', KEYS[4], ttl * 2)
local flags = redis.call('HGETALL', KEYS[4])
for i = 1, #flags, 2 do
    if not living[flags[i]] then
        redis.call('HDEL', KEYS[4], flags[i])
    elseif flags[i] ~= id and flags[i + 1] == '1' then
        table.insert(others_busy, flags[i])
    end
end
local busy = 1 + #others_busy
local is_settling = known > members or now < since + ttl
local reply = {members, is_settling and 1 or 0}
for window = 1, #KEYS - 4 do
    local key, at = KEYS[window + 4], 4 + (window - 1) * 8
    local allowed, held, done = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local wanted, is_busy = tonumber(ARGV[at + 4]), ARGV[at + 5]
    local most, least, lasts = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
    redis.call('HSET', key, 'g:' .. id, held, 'd:' .. id, done)
    local row, all = redis.call('HGETALL', key), {}
    for i = 1, #row, 2 do all[row[i]] = row[i + 1] end
    local foreign = tonumber(all['F'] or '0')
    if most then foreign = math.min(foreign, most) end
    if least then foreign = math.max(foreign, least) end
    local used, handled = foreign, 0
    for name, value in pairs(all) do
        local kind, member = string.sub(name, 1, 2), string.sub(name, 3)
        if kind == 'd:' then
            handled = handled + tonumber(value)
            if not living[member] then used = used + tonumber(value) end
        elseif kind == 'g:' and living[member] then
            used = used + tonumber(value)
        end
    end
    local share = math.floor(allowed / (2 * busy))
    local kept_back = 0
    for _, member in ipairs(others_busy) do
        kept_back = kept_back + math.max(0, share - tonumber(all['g:' .. member] or '0'))
    end
    local left, granted = allowed - math.max(0, used), 0
    if wanted > 0 then
        granted = math.min(math.max(wanted, math.floor(left / (2 * busy))), left - kept_back)
        granted = math.max(granted, share - held)
    elseif is_busy == '0' then
        -- A little, so that an idle member can begin at once.
        granted = math.min(math.max(1, math.floor(allowed / (50 * members))) - held, left - kept_back)
    end
    if is_settling then
        granted = known > 0 and 0 or math.min(granted, math.floor(allowed / 8) - held)
    end
    granted = math.max(0, math.min(granted, left))
    redis.call('HSET', key, 'g:' .. id, held + granted, 'F', foreign)
    redis.call('EXPIRE', key, lasts)
    reply[window + 2] = {held + granted, handled, math.max(0, used) + granted}
end
return reply
"""
