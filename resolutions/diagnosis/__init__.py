"""From a reply to the reason for it."""
