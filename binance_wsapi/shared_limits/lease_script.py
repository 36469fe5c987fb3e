"""The script that Redis runs to lease parts of the windows, whole or not at all.

For each window of a book stands a hash: ``g:ID`` is what a member holds, ``s:ID`` what it holds besides for what is
urgent, ``o:ID`` what it has sent, ``d:ID`` what of that is known to be handled, and ``F`` what others use, who are no
members: the count that the exchange told, less what all members had handled. What is used is the sum of what the
living hold, of what the dead had sent, and of ``F``.

Half of a window is promised to the busy members in equal parts; where there are more of them than parts, they take
turns from window to window. The rest goes to who asks first, in parts that grow smaller as less is left.

The server's clock counts for nothing: it may jump, and so may that of the server that takes its place. A book has a
time of its own, that passes as its members measure it: each says how long ago, by its monotonic clock, it was
answered, and by what call. Since that call at least so much time went by. Who called later is stamped anew then, so
nobody is taken to be silent for longer than it is. For the same reason nothing expires while members live: what is
over by the book's time is deleted, and who leaves last has the rest expire after a month.

A server that lost everything, or was away, knows neither what the living hold nor what the dead have used. Until
those whom a returning member knew have said so, or would be dead, nobody gets more than it holds, and no sooner than
the exchange's counts have told the rest. Where nobody knows of others, a book that is new gives one part in 8 to
each who comes for as long.
"""

from __future__ import annotations

__all__ = ["BOOK_KEYS", "LEASE"]

BOOK_KEYS = ("members", "state", "calls", "busy", "open")
"""The keys of a book, before those of its windows."""

LEASE = """
local id, ttl, expected, is_back = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local is_busy, is_last, new_life, life = ARGV[5] == '1', ARGV[6] == '1', ARGV[7], ARGV[8]
local since_call, since, passed = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local function pairs_of(key)
    local row, found = redis.call('HGETALL', key), {}
    for i = 1, #row, 2 do found[row[i]] = row[i + 1] end
    return found
end

local state = pairs_of(KEYS[2])
if not state.life then
    redis.call('DEL', KEYS[1], KEYS[3], KEYS[4])
    state = {life = new_life, call = 0, now = 0, known = 0, known_call = 0, known_at = 0}
end
for name, value in pairs(state) do
    if name ~= 'life' then state[name] = tonumber(value) end
end

-- A call that this server does not know any more measures nothing.
local calls = pairs_of(KEYS[3])
if life == state.life and since_call <= state.call and since + passed > state.now then
    state.now = since + passed
    for member, call in pairs(calls) do
        if tonumber(call) > since_call then redis.call('ZADD', KEYS[1], 'XX', state.now, member) end
    end
    if state.known_call > since_call then state.known_at = state.now end
end
state.call = state.call + 1
redis.call('ZADD', KEYS[1], state.now, id)
redis.call('HSET', KEYS[3], id, state.call)
redis.call('HSET', KEYS[4], id, is_busy and '1' or '0')
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', state.now - ttl)) do
    redis.call('ZREM', KEYS[1], dead)
end
local living, members, rank = {}, 0, 0
for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    living[each] = true
    members = members + 1
    if each < id then rank = rank + 1 end
end
for member in pairs(calls) do
    if not living[member] then redis.call('HDEL', KEYS[3], member) end
end

-- Who knows how many there were before the server was away, or forgot it, knows that they come back, too.
local is_new = state.now < ttl
if state.now - state.known_at > ttl + 1000 then state.known = 0 end
if expected > members and expected > state.known and (is_back or is_new) then
    state.known, state.known_call, state.known_at = expected, state.call, state.now
end

-- The busy ones are so in a window, too, for which they have not asked yet.
local busy, order = {}, {id}
for member, flag in pairs(pairs_of(KEYS[4])) do
    if not living[member] then
        redis.call('HDEL', KEYS[4], member)
    elseif member ~= id and flag == '1' then
        table.insert(order, member)
    end
end
table.sort(order)
for at, member in ipairs(order) do busy[member] = at end

local function share(member, allowed, index)
    local parts = 2 * #order
    local part = (busy[member] + index) % parts
    return math.floor(allowed * (part + 1) / parts) - math.floor(allowed * part / parts)
end

local is_settling = state.known > members or is_new
local reply = {members, is_settling and 1 or 0, rank, state.life, state.call, state.now}
for window = 6, #KEYS do
    local key, at = KEYS[window], 11 + (window - 6) * 11
    local index, limit, allowed = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local held, spare, own, done = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), ARGV[at + 6], ARGV[at + 7]
    local wanted, most, least = tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9]), tonumber(ARGV[at + 10])
    local lasts = tonumber(ARGV[at + 11])
    redis.call('HSET', key, 'g:' .. id, held, 'o:' .. id, own, 'd:' .. id, done)
    local all = pairs_of(key)
    local foreign = tonumber(all['F'] or '0')
    if most then foreign = math.min(foreign, most) end
    if least then foreign = math.max(foreign, least) end
    local used, handled, spared = foreign, 0, 0
    for name, value in pairs(all) do
        local kind, member = string.sub(name, 1, 2), string.sub(name, 3)
        if kind == 'd:' then
            handled = handled + tonumber(value)
        elseif kind == 'o:' and not living[member] then
            used = used + tonumber(value)
        elseif kind == 'g:' and living[member] then
            used = used + tonumber(value)
        elseif kind == 's:' and living[member] and member ~= id then
            spared = spared + tonumber(value)
        end
    end
    local kept_back = 0
    for _, member in ipairs(order) do
        if member ~= id then
            local part = share(member, allowed, index)
            kept_back = kept_back + math.max(0, part - tonumber(all['g:' .. member] or '0'))
        end
    end
    local left, granted = allowed - math.max(0, used), 0
    if wanted > 0 then
        granted = math.min(math.max(wanted, math.floor(left / (2 * #order))), left - kept_back)
        granted = math.max(granted, share(id, allowed, index) - held)
    elseif not is_busy then
        -- A little, so that an idle member can begin at once, where there is enough for all.
        local little = math.floor(allowed / (50 * members))
        if allowed >= 4 * members then little = math.max(1, little) end
        granted = math.min(little - held, left - kept_back)
    end
    local urgent = math.floor((limit - allowed) / math.max(8, members))
    if is_settling then
        granted = state.known > 0 and 0 or math.min(granted, math.floor(allowed / 8) - held)
        if state.known > 0 then urgent = math.min(urgent, spare) end
    end
    granted = math.max(0, math.min(granted, left))
    used = math.max(0, used) + granted
    urgent = math.max(0, math.min(urgent, limit - used - spared))
    redis.call('HSET', key, 'g:' .. id, held + granted, 's:' .. id, urgent, 'F', foreign)
    redis.call('ZADD', KEYS[5], state.now + lasts * 1000, key)
    reply[window + 1] = {held + granted, urgent, handled, used}
end

for _, over in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', state.now)) do
    redis.call('DEL', over)
    redis.call('ZREM', KEYS[5], over)
end
for name, value in pairs(state) do redis.call('HSET', KEYS[2], name, value) end
if is_last then redis.call('ZREM', KEYS[1], id) end
local kept = redis.call('ZRANGE', KEYS[5], 0, -1)
for at = 1, 5 do table.insert(kept, KEYS[at]) end
for _, key in ipairs(kept) do
    if is_last and members == 1 then
        redis.call('EXPIRE', key, 30 * 86400)
    else
        redis.call('PERSIST', key)
    end
end
return reply
"""
