"""The registry of providers: one line for each."""
