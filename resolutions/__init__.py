"""KNOW: what a bounce means and what to do about it."""
