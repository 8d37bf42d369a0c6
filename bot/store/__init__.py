"""What the bot remembers: one set of tables on SQLite or PostgreSQL."""
