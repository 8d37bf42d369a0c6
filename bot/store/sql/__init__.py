"""The database below the store."""
