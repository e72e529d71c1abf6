"""The server-rendered pages: what they say, and how it becomes HTML."""
