"""One small server for each peer, as its own documents write it; run in its environment."""
