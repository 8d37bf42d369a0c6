"""Many replies at once: JSON lines, raw mails, what the database holds."""
