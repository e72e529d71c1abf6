"""The API document, and what routes say of themselves for it."""
