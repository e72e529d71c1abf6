"""What comes in: who asks, how much is let in, and what a body holds."""
