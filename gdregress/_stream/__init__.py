"""Learning from a stream: rows that come in chunks and are seen once."""
