"""Results and events as typed, immutable values; import them from the module of their subject."""
