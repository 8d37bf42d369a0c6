"""The registry of actions: one line for each button."""
