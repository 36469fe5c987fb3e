"""The namespaces of the clients: one method an operation, generated from the catalogue."""
