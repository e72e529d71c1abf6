"""What people decided about tiles: an append-only ledger in a database, and how it stands now."""
