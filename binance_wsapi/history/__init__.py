"""The past of a market and of an account, row by row, on both clients."""
