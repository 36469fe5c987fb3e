"""The ways into the exchange: sockets, sessions, REST and stream connections, and what each lets in."""
