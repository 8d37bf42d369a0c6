"""The registry of ticket systems: one line for each."""
