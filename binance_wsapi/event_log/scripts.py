"""The scripts that Redis runs for an event log, each whole or not at all.

Three keys: the log itself (a stream), its state (a hash) and the live orders (a hash). Who publishes does so for a *term*:
a number that grows with each publisher. An entry's id is the term and its number in the term, so that what a
publisher sends again is told apart from what is new, and what one sends whose term is over is refused.
"""

from __future__ import annotations

__all__ = ["APPEND", "LEAD", "RELEASE", "RENEW"]

LEAD = """
local id, lasts_ms, own_term = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local whole_for_ms, grace_ms, cut_off_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local holder, till, term, cut_at = unpack(redis.call('HMGET', KEYS[2], 'holder', 'until', 'term', 'cut_at'))
if holder and holder ~= '' and holder ~= id then
    till = tonumber(till)
    local sign_at = till - lasts_ms
    if cut_at and whole_for_ms > 0 and cut_at + cut_off_ms < till then
        sign_at, till = tonumber(cut_at), cut_at + cut_off_ms
    end
    -- Who has missed something since the last sign of life lets those go first who have not.
    if now - whole_for_ms > sign_at then till = till + grace_ms end
    if till > now then return {0, till - now} end
end
if not term and own_term ~= '' then
    -- The server has lost all: whoever published goes on, and puts back what it still has.
    term = own_term
else
    term = string.format('%.0f', math.max(tonumber(term or '0') + 1, now))
end
redis.call('HSET', KEYS[2], 'holder', id, 'until', now + lasts_ms, 'term', term, 'number', 0)
redis.call('HDEL', KEYS[2], 'cut_at')
local state = redis.call('HMGET', KEYS[2], 'last', 'whole_ms', 'since_us')
return {1, term, state[1] or '', state[2] or '0', state[3] or '0'}
"""
"""Arguments: who asks, how long a turn lasts (ms), its term of before, if it had one, for how long nothing has been
missing in what it has seen (ms; 0 while the exchange tells it nothing), how long it waits for others when that is not enough
(ms), and how long a publisher keeps its turn that lives, but is told nothing by the exchange (ms)."""

APPEND = """
local id, term, lasts_ms, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local oldest_ms, margin_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
local since_us, whole_ms, after = ARGV[7], ARGV[8], ARGV[9]
local is_cut_off = ARGV[10]
local first, entries, orders = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local holder, held, number = unpack(redis.call('HMGET', KEYS[2], 'holder', 'term', 'number'))
if not held then return {'lost', 0} end
if holder ~= id or held ~= term then return {'over', 0} end
number = tonumber(number)
if number < first - 1 then
    if redis.call('EXISTS', KEYS[1]) == 1 or number > 0 then return {'behind', number} end
    number = first - 1
end
redis.call('HLEN', KEYS[3]) -- refused where it is no hash: nothing is half appended
local last
for i = 0, entries - 1 do
    if first + i > number then
        local at = 13 + i * 3
        number = first + i
        last = term .. '-' .. number
        local entry = {'k', ARGV[at + 1], 'd', ARGV[at + 2], 't', ARGV[at + 3]}
        if number == 1 then
            entry[7], entry[8] = 'a', after
        end
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', keep, last, unpack(entry))
    end
end
for i = 0, orders - 1 do
    local at = 13 + entries * 3 + i * 2
    if ARGV[at + 2] == '' then
        redis.call('HDEL', KEYS[3], ARGV[at + 1])
    else
        redis.call('HSET', KEYS[3], ARGV[at + 1], ARGV[at + 2])
    end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], 'until', now + lasts_ms, 'number', number, 'since_us', since_us)
if is_cut_off == '1' then redis.call('HSETNX', KEYS[2], 'cut_at', now) else redis.call('HDEL', KEYS[2], 'cut_at') end
if last then redis.call('HSET', KEYS[2], 'last', last) end
if last or redis.call('HEXISTS', KEYS[2], 'whole_ms') == 0 then redis.call('HSET', KEYS[2], 'whole_ms', whole_ms) end
if oldest_ms > 0 then
    -- What the next publisher joins on to stays, whatever its age.
    oldest_ms = math.min(oldest_ms, tonumber(redis.call('HGET', KEYS[2], 'whole_ms')) - margin_ms)
    for _ = 1, 50 do
        local page = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 100)
        local kept
        for _, entry in ipairs(page) do
            kept = entry[1]
            if tonumber(entry[2][6]) >= oldest_ms then break end
        end
        if not kept or redis.call('XTRIM', KEYS[1], 'MINID', kept) == 0 then break end
    end
end
return {'ok', number}
"""
"""Arguments: who publishes, its term, how long its turn lasts now (ms), how many entries are kept, when the oldest that
is kept was sent (ms; 0 keeps all), how much from before the moment until which the log is whole is kept as well (ms), since
when the log is, until when it is whole with the last entry, the last entry of the term before, whether the exchange tells this publisher
nothing (1 or 0), the number of the first entry, how many entries and orders follow; then kind, text and time of each entry, then name and state of each order.

The reply says how it went and the number of the last entry: ``ok``; ``over``: another publisher has its turn; ``lost``: the
server knows nothing of the log any more; ``behind``: it has lost the last entries."""

RENEW = """
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] and redis.call('HGET', KEYS[1], 'term') == ARGV[2] then
    local time = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'until', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
end
"""
"""The state alone. Arguments: who publishes, its term, how long its turn lasts now (ms)."""

RELEASE = """
if redis.call('HGET', KEYS[2], 'holder') == ARGV[1] and redis.call('HGET', KEYS[2], 'term') == ARGV[2] then
    redis.call('HSET', KEYS[2], 'holder', '', 'until', 0)
end
"""
