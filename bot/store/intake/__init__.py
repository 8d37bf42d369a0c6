"""From webhook requests to rows."""
