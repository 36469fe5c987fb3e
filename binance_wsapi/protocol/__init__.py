"""What is said to the exchange and what its answers mean, as pure functions of what is handed in.

Nothing here opens a socket, starts a thread or reads a clock: ``now`` (monotonic seconds) and
``wall_us`` (epoch microseconds, exchange time) are handed in by the core.
"""
