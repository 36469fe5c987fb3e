"""The asyncio core: one thread, its loop, the sessions and their connections."""
