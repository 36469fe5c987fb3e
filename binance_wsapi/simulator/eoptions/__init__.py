"""The options exchange inside the embedded exchange: quoted, traded, exercised, told."""
